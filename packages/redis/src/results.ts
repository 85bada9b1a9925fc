import type {
  ClaimOutcome,
  ClaimRequest,
  ResultBackend,
  TaskHistory,
  TaskRecord,
  Unwatch,
} from '@tq/core/driver'
import { Arguments } from './arguments.ts'
import type { Connection } from './connection.ts'
import type { Hints } from './hints.ts'
import { RedisHistory } from './history/history.ts'
import { placeOf } from './places.ts'
import { checkDetail, RecordWriter, unpackRecord, wholeMs } from './record-codec.ts'
import type { Script } from './script.ts'
import { claim, get, put } from './scripts/records.ts'
import {
  type Section,
  type Sections,
  sectionsOf,
  writeBuckets,
  writeFields,
  writeStored,
} from './sections.ts'

/** The server serves nobody else during a script. */
const mostAtOnce = 250

const refusals: Readonly<Record<number, ClaimOutcome>> = {
  [-1]: 'superseded',
  [-2]: 'terminal',
  [-3]: 'revoked',
}

/** What is known of each task, in buckets that leave by themselves. */
export class RedisResults implements ResultBackend {
  readonly #connection: Connection
  readonly #hints: Hints
  readonly history: TaskHistory

  constructor(connection: Connection, hints: Hints) {
    this.#connection = connection
    this.#hints = hints
    this.history = new RedisHistory(connection, this)
  }

  async claim(items: readonly ClaimRequest[]): Promise<readonly ClaimOutcome[]> {
    const answers = await this.#inParts(items, claim, (values, section, part) => {
      writeFields(values, section, (index) => (part[index] as ClaimRequest).id)
      for (const index of section.indexes) {
        const { generation, attempt, runId, ttlMs } = part[index] as ClaimRequest
        values.number(generation)
        values.number(attempt)
        values.buffer(Buffer.from(runId).subarray(0, 255))
        values.number(Math.max(1, wholeMs(ttlMs)))
      }
    })
    return (answers as readonly number[]).map((epoch) => refusals[epoch] ?? { epoch })
  }

  async put(records: readonly TaskRecord[]): Promise<readonly ('stored' | 'stale')[]> {
    for (const record of records) checkDetail(record)
    this.#connection.index.records(records)
    const writer = new RecordWriter()
    const answers = await this.#inParts(records, put, (values, section, part) =>
      writeStored(values, section, (index) => part[index] as TaskRecord, writer),
    )
    return (answers as readonly number[]).map((answer) => (answer === 0x31 ? 'stored' : 'stale'))
  }

  async get(ids: readonly string[]): Promise<readonly (TaskRecord | undefined)[]> {
    const items = ids.map((id) => ({ id }))
    const found = await this.#inParts(items, get, (values, section, part) =>
      writeFields(values, section, (index) => (part[index] as { readonly id: string }).id),
    )
    return (found as readonly (Buffer | null)[]).map((packed, index) =>
      packed ? unpackRecord(ids[index] as string, packed) : undefined,
    )
  }

  async delete(ids: readonly string[]): Promise<void> {
    const { client, keys } = this.#connection
    await Promise.all(
      ids.flatMap((id) => {
        const { bucket, field } = placeOf(id)
        const { open, ended } = keys.bucket(bucket)
        return [client.hdel(open, field), client.hdel(ended, field)]
      }),
    )
  }

  watch(id: string, onHint: () => void): Unwatch {
    return this.#hints.onRecord(id, onHint)
  }

  /** The answers for each item, in order. On a Cluster each bucket is asked for itself: its name decides where it lies. */
  async #inParts<Item extends { readonly id: string }>(
    items: readonly Item[],
    script: Script,
    write: (values: Arguments, section: Section, part: readonly Item[]) => void,
  ): Promise<readonly unknown[]> {
    void this.#connection.client
    const answers = new Array<unknown>(items.length)
    const running: Promise<void>[] = []
    for (let start = 0; start < items.length; start += mostAtOnce) {
      const part = items.slice(start, start + mostAtOnce)
      for (const asked of this.#apart(sectionsOf(part))) {
        const called = this.#ask(script, asked, (values, section) => write(values, section, part))
        running.push(
          called.then((told) => {
            let place = 0
            for (const { indexes } of asked.sections) {
              for (const index of indexes) answers[start + index] = told[place++]
            }
          }),
        )
      }
    }
    await Promise.all(running)
    return answers
  }

  #apart(all: Sections): readonly Sections[] {
    if (!this.#connection.isCluster) return all.sections.length > 0 ? [all] : []
    return all.buckets.map((name, index) => ({
      buckets: [name],
      sections: all.sections
        .filter(({ bucket }) => bucket === index + 1)
        .map((section) => ({ ...section, bucket: 1 })),
    }))
  }

  async #ask(
    script: Script,
    { buckets, sections }: Sections,
    write: (values: Arguments, section: Section) => void,
  ): Promise<readonly unknown[]> {
    const { keys, isCluster } = this.#connection
    const values = new Arguments(64 * buckets.length + 256 * mostAtOnce)
    writeBuckets(values, keys, buckets)
    let count = 2 * buckets.length
    if (script === put) {
      // On a Cluster it lies elsewhere and cannot be asked: somebody is taken to watch.
      if (!isCluster) {
        values.text(keys.watched)
        count++
      }
      values.number(buckets.length)
    }
    for (const section of sections) write(values, section)
    const key = keys.bucket(buckets[0] ?? '').open
    const answer = await this.#connection.runWritten(script, { key, keys: count, values })
    return [...(answer as Iterable<unknown>)]
  }
}
