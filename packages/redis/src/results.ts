import type { ClaimOutcome, ClaimRequest, ResultBackend, TaskRecord, Unwatch } from '@tq/core/driver'
import type { Argument, Connection } from './connection.ts'
import type { Hints } from './hints.ts'
import { packRecord, rememberedMs, unpackRecord, wholeMs } from './record-codec.ts'
import type { Script } from './script.ts'
import { claim, get, put } from './scripts/records.ts'

/** The server serves nobody else during a script. */
const mostAtOnce = 250

const refusals: Readonly<Record<number, ClaimOutcome>> = {
  [-1]: 'superseded',
  [-2]: 'terminal',
  [-3]: 'revoked',
}

/** What is known of each task: one key per record, which leaves by itself. */
export class RedisResults implements ResultBackend {
  readonly #connection: Connection
  readonly #hints: Hints

  constructor(connection: Connection, hints: Hints) {
    this.#connection = connection
    this.#hints = hints
  }

  async claim(items: readonly ClaimRequest[]): Promise<readonly ClaimOutcome[]> {
    const answers = await this.#inParts(items, claim, (part) =>
      part.flatMap(({ generation, attempt, runId, ttlMs }) => [
        generation,
        attempt,
        Buffer.from(runId).subarray(0, 255),
        Math.max(1, wholeMs(ttlMs)),
      ]),
    )
    return (answers as readonly number[]).map((epoch) => refusals[epoch] ?? { epoch })
  }

  async put(records: readonly TaskRecord[]): Promise<readonly ('stored' | 'stale')[]> {
    const values = new Map(records.map((record) => [record, packRecord(record)]))
    const answers = await this.#inParts(records, put, (part) =>
      part.flatMap((record) => [values.get(record) ?? '', rememberedMs(record)]),
    )
    return (answers as readonly number[]).map((answer) => (answer === 0x31 ? 'stored' : 'stale'))
  }

  async get(ids: readonly string[]): Promise<readonly (TaskRecord | undefined)[]> {
    const found = await this.#inParts(
      ids.map((id) => ({ id })),
      get,
      () => [],
    )
    return (found as readonly (Buffer | null)[]).map((packed, index) =>
      packed ? unpackRecord(ids[index] as string, packed) : undefined,
    )
  }

  async delete(ids: readonly string[]): Promise<void> {
    const { client, keys } = this.#connection
    const names = ids.map((id) => keys.record(id))
    if (this.#connection.isCluster) await Promise.all(names.map((name) => client.del(name)))
    else if (names.length > 0) await client.del(names)
  }

  watch(id: string, onHint: () => void): Unwatch {
    return this.#hints.onRecord(id, onHint)
  }

  /** Each part's answers, in order: on a Cluster each record for itself, since its key decides where it lies. */
  async #inParts<Item extends { readonly id: string }>(
    items: readonly Item[],
    script: Script,
    argumentsOf: (part: readonly Item[]) => Argument[],
  ): Promise<readonly unknown[]> {
    void this.#connection.client
    const { keys } = this.#connection
    const size = this.#connection.isCluster ? 1 : mostAtOnce
    const running: Promise<unknown>[] = []
    const last = new Map<string, Promise<unknown>>()
    for (let start = 0; start < items.length; start += size) {
      const part = items.slice(start, start + size)
      const names = part.map(({ id }) => keys.record(id))
      // On a Cluster a key elsewhere cannot be asked: a record that was there before is taken for watched.
      if (script === put) names.unshift(this.#connection.isCluster ? (names[0] as string) : keys.watched)
      const call = () => this.#connection.run(script, names, argumentsOf(part))
      // Named twice: the second after the first, also where a node has to be told the script in between.
      const id = part[0]?.id ?? ''
      const before = this.#connection.isCluster ? last.get(id) : undefined
      const answer = before?.then(call) ?? call()
      last.set(id, answer)
      running.push(answer)
    }
    const answers = await Promise.all(running)
    return answers.flatMap((answer) => [...(answer as Iterable<unknown>)])
  }
}
