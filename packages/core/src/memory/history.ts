import type { HistoryCounts, HistoryFilter, HistoryPage, TaskHistory } from '../contracts/backend.ts'
import { isTerminal, type TaskRecord, type TaskState } from '../contracts/record.ts'
import type { Millis } from '../contracts/time.ts'

/** A record that can be read, and what its order and age are. */
export interface Kept {
  readonly record: TaskRecord
  /** Rises with every first record of a task. */
  readonly place: number
  readonly firstAt: number
  /** How long ago it was stored. */
  readonly ageMs: Millis
}

/** Lists the records of a memory store. All are looked through every time: there is no index to pay for. */
export class MemoryHistory implements TaskHistory {
  readonly #kept: () => readonly Kept[]
  readonly #delete: (id: string) => void

  /** @param kept all records, the first stored first */
  constructor(kept: () => readonly Kept[], remove: (id: string) => void) {
    this.#kept = kept
    this.#delete = remove
  }

  async list(
    filter: HistoryFilter,
    { cursor, limit, order = 'latest' }: Parameters<TaskHistory['list']>[1],
  ): Promise<HistoryPage> {
    const inOrder = order === 'latest' ? [...this.#kept()].reverse() : this.#kept()
    const start = cursor === undefined ? undefined : Number(cursor)
    const isAfter = ({ place }: Kept) =>
      start === undefined || (order === 'latest' ? place < start : place > start)
    const left = inOrder.filter((one) => isAfter(one) && fits(one, filter))
    const page = left.slice(0, limit)
    const next = left.length > limit ? String(page.at(-1)?.place) : undefined
    return { records: page.map(({ record }) => record), next }
  }

  async counts(filter: HistoryFilter, { atMost }: { readonly atMost: number }): Promise<HistoryCounts> {
    const states: Record<TaskState, number> = {
      PENDING: 0,
      STARTED: 0,
      RETRY: 0,
      SUCCESS: 0,
      FAILURE: 0,
      REVOKED: 0,
    }
    let complete = true
    for (const one of this.#kept()) {
      if (!fits(one, filter)) continue
      const { state } = one.record
      if (states[state] < atMost) states[state]++
      else complete = false
    }
    return { states, complete }
  }

  async trim({ keep, leastAgeMs }: Parameters<TaskHistory['trim']>[0]): Promise<number> {
    const kept = this.#kept()
    const old = kept.filter(({ record, ageMs }) => isTerminal(record.state) && ageMs >= leastAgeMs)
    const gone = old.slice(0, Math.max(0, kept.length - keep))
    for (const { record } of gone) this.#delete(record.id)
    return gone.length
  }
}

function fits({ record, firstAt }: Kept, filter: HistoryFilter): boolean {
  const { states, name, queue, idPrefix, from, to } = filter
  return (
    (states === undefined || states.includes(record.state)) &&
    (name === undefined || record.name === name) &&
    (queue === undefined || record.queue === queue) &&
    (idPrefix === undefined || record.id.startsWith(idPrefix)) &&
    (from === undefined || firstAt >= from) &&
    (to === undefined || firstAt < to)
  )
}
