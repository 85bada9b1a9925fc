import type { Backend, StateStore } from '../contracts/backend.ts'
import { isTerminal } from '../contracts/record.ts'
import type { Millis } from '../contracts/time.ts'
import { type RecordDetail, readDetail } from './record-detail.ts'

const throttleKey = (key: string): string => `throttle:${key}`
const debounceKey = (key: string): string => `debounce:${key}`

/** Takes the turn of a throttled key for a while. Returns the task that has it, when another one does. */
export async function takeTurn(
  state: StateStore,
  key: string,
  taskId: string,
  everyMs: Millis,
): Promise<string | undefined> {
  for (;;) {
    const taken = await state.put(throttleKey(key), taskId, { ttlMs: everyMs, ifAbsent: true })
    if (taken !== 'conflict') return undefined
    const [holder] = await state.get([throttleKey(key)])
    if (holder) return holder.value === taskId ? undefined : holder.value
  }
}

/** The task was not sent after all. */
export async function giveTurnBack(state: StateStore, key: string, taskId: string): Promise<void> {
  const [holder] = await state.get([throttleKey(key)])
  if (holder?.value === taskId) await state.delete(throttleKey(key), { ifVersion: holder.version })
}

/** Makes a task the last of a debounced key, and takes back the one before, if it has not started. */
export async function replaceLast(
  { results, state }: Backend,
  key: string,
  taskId: string,
  ttlMs: Millis,
  now: number,
): Promise<void> {
  for (;;) {
    const [last] = await state.get([debounceKey(key)])
    const put = await state.put(debounceKey(key), taskId, {
      ttlMs,
      ...(last ? { ifVersion: last.version } : { ifAbsent: true }),
    })
    if (put === 'conflict') continue
    const [record] = last && last.value !== taskId ? await results.get([last.value]) : []
    // A run that has begun has claimed the record: then this is refused, and both run.
    if (!record || isTerminal(record.state) || record.state !== 'PENDING') return
    const detail: RecordDetail = { ...readDetail(record), endedAt: now, reason: 'replaced by a later call' }
    await results.put([{ ...record, state: 'REVOKED', updatedAt: now, detail: JSON.stringify(detail) }])
    return
  }
}
