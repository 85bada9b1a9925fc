import type {
  ClaimOutcome,
  ClaimRequest,
  ResultBackend,
  TaskHistory,
  TaskRecord,
  Unwatch,
} from '@tq/core/driver'
import { SqliteHistory } from './history.ts'
import type { Ready } from './ready.ts'
import { checkRecord, claimRecord, forgetRecord, putRecord, readRecords, recordSubject } from './records.ts'

/** What is known of each task. */
export class SqliteResults implements ResultBackend {
  readonly #ready: Ready
  readonly history: TaskHistory

  constructor(ready: Ready) {
    this.#ready = ready
    this.history = new SqliteHistory(ready)
  }

  async claim(items: readonly ClaimRequest[]): Promise<readonly ClaimOutcome[]> {
    const { connection, namespace } = this.#ready()
    return await connection.write(true, (transaction) =>
      items.map((item) => claimRecord(transaction, namespace, item)),
    )
  }

  async put(records: readonly TaskRecord[]): Promise<readonly ('stored' | 'stale')[]> {
    const { connection, namespace } = this.#ready()
    for (const record of records) checkRecord(record)
    return await connection.write(true, (transaction) =>
      records.map((record) => (putRecord(transaction, namespace, record) ? 'stored' : 'stale')),
    )
  }

  async get(ids: readonly string[]): Promise<readonly (TaskRecord | undefined)[]> {
    const { connection, namespace } = this.#ready()
    const found = await connection.read((database, now) => readRecords(database, now, namespace, ids))
    // A result that was seen must not be gone after a power cut: its task would run, and end, a second time.
    if (found.recentEnd) await connection.durable()
    return ids.map((id) => found.records.get(id))
  }

  async delete(ids: readonly string[]): Promise<void> {
    const { connection, namespace } = this.#ready()
    await connection.write(true, (transaction) => {
      for (const id of ids) forgetRecord(transaction, namespace, id)
    })
  }

  watch(id: string, onHint: () => void): Unwatch {
    const { connection, namespace } = this.#ready()
    return connection.wakeups.onSubject(recordSubject(namespace, id), onHint)
  }
}
