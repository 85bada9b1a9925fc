import type { MessageChange, QueueAdmin, QueueCounts } from '@tq/core/driver'
import { changeMessage } from './changing.ts'
import type { Connection } from './connection.ts'
import type { Names } from './names.ts'

/** Removed per transaction: some milliseconds of the event loop. */
const purgeAtOnce = 5_000

const count = `SELECT
  (SELECT count(*) FROM tq_messages WHERE queue = ? AND receiver IS NULL AND due IS NULL) AS ready,
  (SELECT count(*) FROM tq_messages WHERE queue = ? AND due <= ?) AS due,
  (SELECT count(*) FROM tq_messages WHERE queue = ? AND due > ?) AS waiting,
  (SELECT count(*) FROM tq_messages WHERE queue = ? AND receiver IS NOT NULL) AS leased`

const purgeReady = `DELETE FROM tq_messages WHERE seq IN (SELECT seq FROM tq_messages
  WHERE queue = ? AND receiver IS NULL AND due IS NULL LIMIT ${purgeAtOnce})`
const purgeDelayed = `DELETE FROM tq_messages WHERE seq IN (SELECT seq FROM tq_messages
  WHERE queue = ? AND due IS NOT NULL LIMIT ${purgeAtOnce})`

/** Looks at queues and empties them. */
export class SqliteAdmin implements QueueAdmin {
  readonly #ready: () => Promise<{ readonly connection: Connection; readonly names: Names }>

  constructor(ready: () => Promise<{ readonly connection: Connection; readonly names: Names }>) {
    this.#ready = ready
  }

  async counts(queue: string): Promise<QueueCounts> {
    const { connection, names } = await this.#ready()
    const found = await connection.read((database, now) => {
      const number = names.find(database, queue)
      if (number === undefined) return undefined
      return database.get<{ ready: number; due: number; waiting: number; leased: number }>(
        count,
        number,
        number,
        now,
        number,
        now,
        number,
      )
    })
    if (!found) return { ready: 0, leased: 0, delayed: 0 }
    return { ready: found.ready + found.due, leased: found.leased, delayed: found.waiting }
  }

  async purge(queue: string): Promise<number> {
    const { connection, names } = await this.#ready()
    let total = 0
    for (const sql of [purgeReady, purgeDelayed]) {
      for (let removed = purgeAtOnce; removed === purgeAtOnce; total += removed) {
        removed = await connection.write(true, (transaction) =>
          transaction.run(sql, names.queue(transaction, queue)),
        )
      }
    }
    return total
  }

  async change(queue: string, id: string, change: MessageChange): Promise<boolean> {
    const { connection, names } = await this.#ready()
    return await changeMessage(connection, (database) => names.find(database, queue), id, change)
  }
}
