import type { HistoryCounts, HistoryFilter, HistoryPage, TaskHistory, TaskState } from '@tq/core/driver'
import type { Database } from './database.ts'
import type { Ready } from './ready.ts'
import { firstEnd, forgetRecord, recordsAt, states } from './records.ts'

/** Reading holds up the event loop: no more rows than these are looked at in one go, a few milliseconds. */
const rowsAtOnce = 2_000
const rowsCounted = 20_000
/** Counting stops then; the rest is "at least". */
const longestCountMs = 150
const deletedAtOnce = 500

const success = 3

type Order = 'latest' | 'earliest'

/** A row that was looked at: where it lies, when its task's first record was stored, whether it fits. */
type Looked = readonly [place: number, first: number, fits: number]

/**
 * Lists records in the order of their rows, which is that of first records. All but those of success have an index by
 * state; the others are found by looking through the latest rows, page by page.
 */
export class SqliteHistory implements TaskHistory {
  readonly #ready: Ready

  constructor(ready: Ready) {
    this.#ready = ready
  }

  async list(
    filter: HistoryFilter,
    { cursor, limit, order = 'latest' }: Parameters<TaskHistory['list']>[1],
  ): Promise<HistoryPage> {
    const { connection, namespace } = this.#ready()
    return await connection.read((database, now) => {
      const from = cursor === undefined ? startOf(database, filter, order) : Number(cursor)
      const rows = lookFrom(database, now, namespace, filter, from, order)
      const chosen: number[] = []
      let last: Looked | undefined
      for (const row of rows) {
        if (chosen.length === limit) break
        if (row[2] === 1) chosen.push(row[0])
        last = row
      }
      const over = isOver(rows, last, filter, order)
      return { records: recordsAt(database, chosen), next: over ? undefined : String(last?.[0]) }
    })
  }

  async counts(filter: HistoryFilter, { atMost }: { readonly atMost: number }): Promise<HistoryCounts> {
    const counts: Record<string, number> = {}
    let complete = true
    const wanted = new Set(filter.states ?? states)
    for (const [number, state] of states.entries()) {
      counts[state] = 0
      if (!wanted.has(state)) continue
      const { count, whole } = await this.#count(filter, number, atMost)
      counts[state] = Math.min(count, atMost)
      if (!whole || count > atMost) complete = false
    }
    return { states: counts as Record<TaskState, number>, complete }
  }

  async trim({ keep, leastAgeMs }: Parameters<TaskHistory['trim']>[0]): Promise<number> {
    const { connection, namespace } = this.#ready()
    return await connection.write(false, (transaction) => {
      const ends = transaction.get<{ least: number | null; most: number | null }>(
        'SELECT (SELECT min(rowid) FROM tq_records) AS least, (SELECT max(rowid) FROM tq_records) AS most',
      )
      // Without looking: there cannot be more rows than numbers for them.
      if ((ends?.most ?? 0) - (ends?.least ?? 0) < keep) return 0
      const total = transaction.get<{ count: number }>(
        'SELECT count(*) AS count FROM tq_records WHERE namespace = ?',
        namespace,
      )
      const excess = Math.min(deletedAtOnce, (total?.count ?? 0) - keep)
      if (excess <= 0) return 0
      const old = transaction.all<{ id: string }>(
        `SELECT id FROM tq_records WHERE namespace = ? AND state >= ${firstEnd} AND stored <= ?
          ORDER BY rowid LIMIT ?`,
        namespace,
        transaction.now - leastAgeMs,
        excess,
      )
      for (const { id } of old) forgetRecord(transaction, namespace, id)
      return old.length
    })
  }

  /** Of one state; in steps, so that others get their turn. */
  async #count(
    filter: HistoryFilter,
    state: number,
    atMost: number,
  ): Promise<{ readonly count: number; readonly whole: boolean }> {
    const { connection, namespace } = this.#ready()
    const until = performance.now() + longestCountMs
    let count = 0
    for (let from: number | undefined, first = true; first || from !== undefined; first = false) {
      const step = await connection.read((database, now) => {
        const { sql, values } = condition(now, namespace, { ...filter, states: [states[state] as TaskState] })
        const place = from === undefined ? '' : 'AND rowid < ?'
        const start = from === undefined ? [] : [from]
        const source =
          state === success
            ? `WHERE 1 ${place}`
            : `WHERE namespace = ${namespace} AND state = ${state} AND state <> ${success} ${place}`
        return database.get<{ fits: number | null; looked: number; last: number | null }>(
          `SELECT sum(fits) AS fits, count(*) AS looked, min(place) AS last FROM (
            SELECT rowid AS place, (${sql}) AS fits FROM tq_records ${source}
            ORDER BY rowid DESC LIMIT ${rowsCounted})`,
          ...values,
          ...start,
        )
      })
      count += step?.fits ?? 0
      if ((step?.looked ?? 0) < rowsCounted) return { count, whole: true }
      if (count > atMost || performance.now() > until) return { count, whole: false }
      from = step?.last ?? undefined
      await new Promise((resolve) => setImmediate(resolve))
    }
    return { count, whole: true }
  }
}

/** The next rows, in order; those of which no state is wanted that has an index are all rows there are. */
function lookFrom(
  database: Database,
  now: number,
  namespace: number,
  filter: HistoryFilter,
  from: number | undefined,
  order: Order,
): readonly Looked[] {
  const { sql, values } = condition(now, namespace, filter)
  const [sign, way] = order === 'latest' ? ['<', 'DESC'] : ['>', 'ASC']
  const place = from === undefined ? '' : `AND rowid ${sign} ?`
  const start = from === undefined ? [] : [from]
  const rowsOf = (source: string) =>
    database.lists<Looked>(
      `SELECT rowid, first, (${sql}) FROM tq_records ${source} ${place} ORDER BY rowid ${way} LIMIT ${rowsAtOnce}`,
      ...values,
      ...start,
    )
  const numbers = filter.states?.map((state) => states.indexOf(state))
  if (!numbers || numbers.includes(success)) return rowsOf('WHERE 1')
  const each = numbers.map((state) =>
    rowsOf(`WHERE namespace = ${namespace} AND state = ${state} AND state <> ${success}`),
  )
  return inOneOrder(each, order)
}

/** Several lists as one, no further than the first of them goes that may have more. */
function inOneOrder(lists: readonly (readonly Looked[])[], order: Order): readonly Looked[] {
  const sign = order === 'latest' ? -1 : 1
  const all = lists.flat().sort((one, other) => sign * (one[0] - other[0]))
  const ends = lists.filter((list) => list.length === rowsAtOnce).map((list) => list.at(-1)?.[0] ?? 0)
  if (ends.length === 0) return all
  const end = order === 'latest' ? Math.max(...ends) : Math.min(...ends)
  return all.filter(([place]) => sign * (place - end) <= 0)
}

/** Whether nothing can come behind the last row that was looked at. */
function isOver(
  rows: readonly Looked[],
  last: Looked | undefined,
  { from, to }: HistoryFilter,
  order: Order,
): boolean {
  if (!last) return true
  const [, first] = last
  if (order === 'latest' && from !== undefined && first < from - slackMs) return true
  if (order === 'earliest' && to !== undefined && first > to + slackMs) return true
  return rows.length < rowsAtOnce && last === rows.at(-1)
}

/** Clocks may be set: rows are in the order of time but for so much. */
const slackMs = 60_000

/** A condition on one row, as an expression; the id's index must not be tempted: rows come in their own order. */
function condition(
  now: number,
  namespace: number,
  { states: wanted, name, queue, idPrefix, from, to }: HistoryFilter,
): { readonly sql: string; readonly values: readonly (string | number)[] } {
  const parts = ['namespace = ?', 'stored + ttl > ?']
  const values: (string | number)[] = [namespace, now]
  const add = (part: string, ...more: (string | number)[]) => {
    parts.push(part)
    values.push(...more)
  }
  if (wanted) add(`state IN (${wanted.map((state) => states.indexOf(state)).join(', ')})`)
  if (name !== undefined) add('name = ?', name)
  if (queue !== undefined) add('queue = ?', queue)
  if (idPrefix !== undefined) add('substr(id, 1, ?) = ?', idPrefix.length, idPrefix)
  if (from !== undefined) add('first >= ?', Math.floor(from))
  if (to !== undefined) add('first < ?', Math.ceil(to))
  return { sql: parts.join(' AND '), values }
}

/** Where a walk begins that asks for a time: found by halves, since rows are in its order. */
function startOf(database: Database, { from, to }: HistoryFilter, order: Order): number | undefined {
  const time = order === 'latest' ? to : from
  if (time === undefined) return undefined
  const goal = order === 'latest' ? time + slackMs : time - slackMs
  const ends = database.get<{ least: number | null; most: number | null }>(
    'SELECT (SELECT min(rowid) FROM tq_records) AS least, (SELECT max(rowid) FROM tq_records) AS most',
  )
  let [low, high] = [ends?.least ?? 0, ends?.most ?? 0]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const row = database.get<{ first: number }>(
      'SELECT first FROM tq_records WHERE rowid <= ? ORDER BY rowid DESC LIMIT 1',
      middle,
    )
    if ((row?.first ?? 0) < goal) low = middle + 1
    else high = middle
  }
  return order === 'latest' ? low + 1 : low - 1
}
