import type { Backend } from '../contracts/backend.ts'
import { isTerminal } from '../contracts/record.ts'
import type { Millis } from '../contracts/time.ts'

/** How long a key is held for a task that the broker has not accepted yet. */
const pendingMs: Millis = 60_000

/** A lock says which task has the key, and whether the broker has accepted that task. */
const pendingOf = (taskId: string): string => `pending:${taskId}`
const keptOf = (taskId: string): string => `kept:${taskId}`
const holderOf = (value: string): string => value.slice(value.indexOf(':') + 1)

const keyOf = (uniqueKey: string): string => `unique:${uniqueKey}`

/** Either the key is ours, or it belongs to a task that has not ended. */
export type UniqueLock = { readonly holder: string } | { readonly version: number }

/** Takes the key for a task, also from one that has ended without giving it back. */
export async function takeUnique(backend: Backend, uniqueKey: string, taskId: string): Promise<UniqueLock> {
  const key = keyOf(uniqueKey)
  for (;;) {
    const taken = await backend.state.put(key, pendingOf(taskId), { ttlMs: pendingMs, ifAbsent: true })
    if (taken !== 'conflict') return { version: taken.version }
    const [current] = await backend.state.get([key])
    if (!current) continue
    const holder = holderOf(current.value)
    if (holder === taskId) return { version: current.version }
    const [record] = await backend.results.get([holder])
    // Without a record it is being sent right now, or, when it was accepted, its end has been forgotten.
    const ended = record ? isTerminal(record.state) : current.value === keptOf(holder)
    if (!ended) return { holder }
    const seized = await backend.state.put(key, pendingOf(taskId), {
      ttlMs: pendingMs,
      ifVersion: current.version,
    })
    if (seized !== 'conflict') return { version: seized.version }
  }
}

/** The broker has the task: hold the key until it ends. */
export async function keepUnique(
  backend: Backend,
  uniqueKey: string,
  lock: { readonly version: number },
  taskId: string,
  ttlMs: Millis,
): Promise<void> {
  await backend.state.put(keyOf(uniqueKey), keptOf(taskId), { ttlMs, ifVersion: lock.version })
}

/** Gives the key back if the task still holds it. */
export async function dropUnique(backend: Backend, uniqueKey: string, taskId: string): Promise<void> {
  const [current] = await backend.state.get([keyOf(uniqueKey)])
  if (current && holderOf(current.value) === taskId)
    await backend.state.delete(keyOf(uniqueKey), { ifVersion: current.version })
}
