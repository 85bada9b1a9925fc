import type { ClaimOutcome, ClaimRequest, ResultBackend, TaskHistory, TaskRecord } from '@tq/core/driver'
import { numberOf, textOf } from './attributes.ts'
import type { Connection } from './connection.ts'
import { DynamodbHistory } from './history.ts'
import type { Key } from './keys.ts'
import { placeOf } from './listing.ts'
import * as records from './records.ts'
import { endOf } from './time-to-live.ts'

/** What is known of each task: one item. Each change is one conditional write; a batch is as many, at once. */
export class DynamodbResults implements ResultBackend {
  readonly #connection: Connection
  /** Where the table has the index for it, which is known when it is open. */
  history?: TaskHistory

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** From now on records are listed, where the table has the index for it. */
  opened(): void {
    if (this.#connection.lists) this.history = new DynamodbHistory(this.#connection)
  }

  async claim(items: readonly ClaimRequest[]): Promise<readonly ClaimOutcome[]> {
    return await this.#inOrderPerId(items, (item) => this.#claim(item))
  }

  async put(all: readonly TaskRecord[]): Promise<readonly ('stored' | 'stale')[]> {
    this.#connection.check()
    // Checked before anything is stored.
    for (const record of all) records.checkRecord(record)
    return await this.#inOrderPerId(all, async (record) => {
      const now = this.#connection.now()
      const place = this.#connection.lists
        ? placeOf(this.#connection.keys, record.id, record.state, now)
        : undefined
      const write = records.storing(record, now, place)
      return (await this.#connection.decide(this.#keyOf(record.id), write)) ? 'stored' : 'stale'
    })
  }

  async get(ids: readonly string[]): Promise<readonly (TaskRecord | undefined)[]> {
    const keys = new Map([...new Set(ids)].map((id) => [id, this.#keyOf(id)]))
    const items = await this.#connection.getMany([...keys.values()])
    const now = this.#connection.now()
    const byKey = new Map(items.map((item) => [textOf(item, 'pk'), item]))
    return ids.map((id) => {
      const item = byKey.get(keys.get(id)?.pk.S ?? '')
      return item && records.isReadable(item, now) ? records.recordOf(id, item) : undefined
    })
  }

  async delete(ids: readonly string[]): Promise<void> {
    const keys = [...new Set(ids)].map((id) => this.#keyOf(id))
    await this.#connection.writeMany(keys.map((key) => ({ DeleteRequest: { Key: { ...key } } })))
  }

  async #claim(claim: ClaimRequest): Promise<ClaimOutcome> {
    const connection = this.#connection
    const key = this.#keyOf(claim.id)
    const startedAt = connection.clock.monotonic()
    // The same in each attempt: what others put off further is far enough.
    const until = endOf(connection.now(), claim.ttlMs)
    for (let attempt = 0; ; attempt++) {
      const now = connection.now()
      const usual = await connection.tryUpdate(key, records.claiming(claim, now, until))
      if (usual.done) return { epoch: numberOf(usual.output.Attributes, 'epoch') }
      const { item } = usual
      const outcome = item && !records.isForgotten(item, now) ? records.verdict(claim, item) : undefined
      if (outcome !== undefined) return outcome
      const isNew = records.isForgotten(item, now) || numberOf(item, 'generation') < claim.generation
      if (isNew || item === undefined) {
        const { item: remembered, write } = records.remembering(claim, now, until)
        if ((await connection.tryPut(key, remembered, write)).done) return { epoch: 1 }
      } else if (!records.isReadable(item, now)) {
        const again = await connection.tryUpdate(key, records.extending(claim, now, until))
        if (again.done) return { epoch: numberOf(again.output.Attributes, 'epoch') }
      }
      // Somebody else was faster.
      await connection.pauseOrFail(attempt, startedAt, claim.id)
    }
  }

  /** At once, but what names an id again after what named it before. */
  async #inOrderPerId<One extends { readonly id: string }, Result>(
    items: readonly One[],
    run: (item: One) => Promise<Result>,
  ): Promise<readonly Result[]> {
    const chains = new Map<string, number[]>()
    for (const [at, { id }] of items.entries()) {
      const chain = chains.get(id)
      if (chain) chain.push(at)
      else chains.set(id, [at])
    }
    const results: Result[] = []
    await this.#connection.all([...chains.values()], async (chain) => {
      for (const at of chain) results[at] = await run(items[at] as One)
    })
    return results
  }

  #keyOf(id: string): Key {
    return this.#connection.keys.single('record', id)
  }
}
