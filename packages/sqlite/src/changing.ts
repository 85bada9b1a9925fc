import type { MessageChange, Priority } from '@tq/core/driver'
import type { Connection } from './connection.ts'
import type { Database } from './database.ts'
import { dueAt } from './messages.ts'
import type { Transaction } from './transaction.ts'

/** Looked through per step: some milliseconds of the event loop. */
const lookAtOnce = 10_000

const pageEnd = `SELECT max(seq) AS seq
  FROM (SELECT seq FROM tq_messages WHERE seq > ? ORDER BY seq LIMIT ${lookAtOnce})`
const inPage =
  'SELECT seq FROM tq_messages WHERE seq > ? AND seq <= ? AND queue = ? AND id = ? AND receiver IS NULL'
const read = 'SELECT due, priority, queue FROM tq_messages WHERE seq = ? AND id = ? AND receiver IS NULL'
const change = 'UPDATE tq_messages SET seq = ?, due = ?, priority = ?, sent = coalesce(?, sent) WHERE seq = ?'

/**
 * Changes a message that waits. It is looked for in steps outside of any transaction, from the oldest on: one that moves
 * meanwhile, because it is due, moves ahead of the search.
 */
export async function changeMessage(
  connection: Connection,
  queueOf: (database: Database) => number | undefined,
  id: string,
  wanted: MessageChange,
): Promise<boolean> {
  for (let from = 0; ; ) {
    const page = await connection.read((database) => lookThrough(database, from, queueOf(database), id))
    if (!page) return false
    for (const seq of page.found)
      if (await connection.write(true, (transaction) => changeAt(transaction, seq, id, wanted))) return true
    from = page.end
  }
}

function lookThrough(database: Database, from: number, queue: number | undefined, id: string) {
  const end = database.get<{ seq: number | null }>(pageEnd, from)?.seq
  if (queue === undefined || end === null || end === undefined) return undefined
  const found = database.all<{ seq: number }>(inPage, from, end, queue, id).map(({ seq }) => seq)
  return { end, found }
}

/** False when somebody has taken it meanwhile. */
function changeAt(
  transaction: Transaction,
  seq: number,
  id: string,
  { delayMs, priority }: MessageChange,
): boolean {
  const waiting = transaction.get<{ due: number | null; priority: Priority; queue: number }>(read, seq, id)
  if (!waiting) return false
  const due = delayMs === undefined ? waiting.due : dueAt(transaction.now, delayMs)
  const level = priority ?? waiting.priority
  if (due === null && waiting.due === null && level === waiting.priority) return true
  const sent = delayMs === undefined ? null : (due ?? transaction.now)
  transaction.run(change, transaction.nextSeq(), due, level, sent, seq)
  transaction.touchQueue(waiting.queue)
  return true
}
