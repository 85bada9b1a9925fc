import type {
  ClaimOutcome,
  ClaimRequest,
  ResultBackend,
  TaskHistory,
  TaskRecord,
  Unwatch,
} from '@tq/core/driver'
import type { Connection } from './connection.ts'
import type { Hints } from './hints.ts'
import { PostgresHistory } from './history.ts'
import * as records from './records.ts'
import { fromStored, storedTexts } from './text.ts'

/** What is known of each task: one row. */
export class PostgresResults implements ResultBackend {
  readonly #connection: Connection
  readonly #hints: Hints
  readonly history: TaskHistory

  constructor(connection: Connection, hints: Hints) {
    this.#connection = connection
    this.#hints = hints
    this.history = new PostgresHistory(connection)
  }

  async claim(items: readonly ClaimRequest[]): Promise<readonly ClaimOutcome[]> {
    const outcomes: ClaimOutcome[] = []
    for (const round of rounds(items)) await this.#claim(round, outcomes)
    return outcomes
  }

  async put(all: readonly TaskRecord[]): Promise<readonly ('stored' | 'stale')[]> {
    const outcomes: ('stored' | 'stale')[] = []
    const asked = rounds(all).map((round) => ({
      round,
      values: records.putValues(round.map(({ item }) => item)),
    }))
    for (const { round, values } of asked) {
      const { rows } = await this.#connection.run<Told>(records.put, values)
      this.#tell(rows)
      const ids = new Set(rows.map(({ id }) => fromStored(id)))
      for (const { item, at } of round) outcomes[at] = ids.has(item.id) ? 'stored' : 'stale'
    }
    return outcomes
  }

  async get(ids: readonly string[]): Promise<readonly (TaskRecord | undefined)[]> {
    const { rows } = await this.#connection.run<records.Row>(records.get, [storedTexts(ids)])
    const found = new Map(rows.map((row) => [fromStored(row.id), records.recordOf(row)]))
    return ids.map((id) => found.get(id))
  }

  async delete(ids: readonly string[]): Promise<void> {
    const { rows } = await this.#connection.run<Told>(records.remove, [storedTexts(ids)])
    this.#tell(rows)
  }

  watch(id: string, onHint: () => void): Unwatch {
    return this.#hints.onRecord(id, onHint)
  }

  /** A refusal is explained by a second look; what came to be free in between is claimed again. */
  async #claim(items: readonly Placed<ClaimRequest>[], outcomes: ClaimOutcome[]): Promise<void> {
    let open = items
    while (open.length > 0) {
      const asked = records.claimValues(open.map(({ item }) => item))
      const { rows } = await this.#connection.run<{ id: string; epoch: string }>(records.claim, asked)
      this.#connection.wrote(rows.length)
      const epochs = new Map(rows.map(({ id, epoch }) => [fromStored(id), Number(epoch)]))
      const refused = open.filter(({ item, at }) => {
        const epoch = epochs.get(item.id)
        if (epoch !== undefined) outcomes[at] = { epoch }
        return epoch === undefined
      })
      if (refused.length === 0) return
      const ids = storedTexts(refused.map(({ item }) => item.id))
      const known = await this.#connection.run<records.Fence>(records.look, [ids])
      const fences = new Map(known.rows.map((fence) => [fromStored(fence.id), fence]))
      open = refused.filter(({ item, at }) => {
        const reason = records.refusal(item, fences.get(item.id))
        if (reason !== undefined) outcomes[at] = reason
        return reason === undefined
      })
    }
  }

  #tell(rows: readonly Told[]): void {
    this.#connection.wrote(rows.length)
    if (rows[0]?.watched)
      this.#hints.tell(
        'record',
        rows.map(({ id }) => fromStored(id)),
      )
  }
}

interface Told {
  readonly id: string
  readonly watched: boolean
}

/** An item, and where its answer belongs. */
interface Placed<Item> {
  readonly item: Item
  readonly at: number
}

/** A statement changes a row once: what names an id again goes into a later round. At least one, also of nothing. */
function rounds<Item extends { readonly id: string }>(
  items: readonly Item[],
): readonly (readonly Placed<Item>[])[] {
  const all: Placed<Item>[][] = [[]]
  const seen = new Map<string, number>()
  for (const [at, item] of items.entries()) {
    const round = seen.get(item.id) ?? 0
    seen.set(item.id, round + 1)
    const known = all[round]
    if (known) known.push({ item, at })
    else all.push([{ item, at }])
  }
  return all
}
