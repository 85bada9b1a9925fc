import type { HistoryCounts, HistoryFilter, HistoryPage, TaskHistory, TaskState } from '@tq/core/driver'
import type { Connection } from './connection.ts'
import { firstEnd, type Row, recordOf, states } from './records.ts'
import type { Sql } from './statement.ts'
import { fromStored, storedTexts, toStored } from './text.ts'

/** Rows that one statement looks at. */
const rowsAtOnce = 5_000
const rowsCounted = 50_000
/** Counting stops then; the rest is "at least". */
const longestCountMs = 1_000
const deletedAtOnce = 500

const success = 3

/** $2 states, $3 name, $4 queue, $5 beginning of the id, $6 from, $7 to; each may be NULL */
const fits: Sql = `(expires > now() AND ($2::smallint[] IS NULL OR state = ANY ($2)) AND ($3::text IS NULL OR name = $3)
  AND ($4::text IS NULL OR queue = $4) AND ($5::text IS NULL OR starts_with(id, $5)))`
const inSpan: Sql = `($6::double precision IS NULL OR first >= to_timestamp($6::double precision / 1000))
  AND ($7::double precision IS NULL OR first < to_timestamp($7::double precision / 1000))`

/**
 * Looks at the next rows: how many, the last of them, and the ids of those that fit. From a place on, where there is one.
 *
 * $8 the place's time, $9 its id, $10 how many rows, $11 how many ids
 */
const look = (way: 'DESC' | 'ASC', source: Sql): Sql => `WITH looked AS (
    SELECT first, id, ${fits} AS fits FROM @.records
    WHERE namespace = $1 AND ${inSpan} AND ${source}
      AND ($9::text IS NULL OR (first, id) ${way === 'DESC' ? '<' : '>'} ($8::timestamptz, $9::text))
    ORDER BY first ${way}, id ${way} LIMIT $10),
  chosen AS (SELECT first, id FROM looked WHERE fits ORDER BY first ${way}, id ${way} LIMIT $11),
  last_looked AS (SELECT first, id FROM looked ORDER BY first ${flip(way)}, id ${flip(way)} LIMIT 1),
  last_chosen AS (SELECT first, id FROM chosen ORDER BY first ${flip(way)}, id ${flip(way)} LIMIT 1)
  SELECT (SELECT count(*)::integer FROM looked) AS looked,
    (SELECT first::text FROM last_looked) AS looked_first, (SELECT id FROM last_looked) AS looked_id,
    (SELECT first::text FROM last_chosen) AS chosen_first, (SELECT id FROM last_chosen) AS chosen_id,
    (SELECT coalesce(array_agg(id), '{}') FROM chosen) AS ids`

const flip = (way: 'DESC' | 'ASC') => (way === 'DESC' ? 'ASC' : 'DESC')

/** Nearly all rows; and those the partial index holds. */
const anyState: Sql = 'true'
const notSuccess: Sql = `state <> ${success}`

const select = (
  way: 'DESC' | 'ASC',
): Sql => `SELECT id, name, queue, state, generation, attempt, epoch, updated, detail,
    ttl, mark FROM @.records WHERE namespace = $1 AND id = ANY ($2::text[]) AND expires > now()
  ORDER BY first ${way}, id ${way}`

/** $8 the place's time, $9 its id, $10 how many rows */
const count = (source: Sql): Sql => `WITH looked AS (
    SELECT first, id, state, ${fits} AS fits FROM @.records
    WHERE namespace = $1 AND ${inSpan} AND ${source}
      AND ($9::text IS NULL OR (first, id) < ($8::timestamptz, $9::text))
    ORDER BY first DESC, id DESC LIMIT $10),
  last AS (SELECT first, id FROM looked ORDER BY first, id LIMIT 1)
  SELECT (SELECT count(*)::integer FROM looked) AS looked, (SELECT first::text FROM last) AS first,
    (SELECT id FROM last) AS id,
    ARRAY(SELECT count(*) FILTER (WHERE fits AND state = number)::integer
      FROM generate_series(0, ${states.length - 1}) AS number LEFT JOIN looked ON true
      GROUP BY number ORDER BY number) AS counts`

/** $2 how many to keep, $3 least age in milliseconds */
const trim: Sql = `WITH old AS (
    SELECT id FROM @.records
    WHERE namespace = $1 AND state >= ${firstEnd}
      AND expires - make_interval(secs => ttl / 1000) <= now() - make_interval(secs => $3::double precision / 1000)
    ORDER BY first, id
    LIMIT least(${deletedAtOnce},
      greatest(0, (SELECT count(*) FROM @.records WHERE namespace = $1) - $2::bigint)))
  DELETE FROM @.records AS r USING old WHERE r.namespace = $1 AND r.id = old.id`

interface Place {
  readonly first: string
  readonly id: string
}

interface Looked {
  readonly looked: number
  readonly looked_first: string | null
  readonly looked_id: string | null
  readonly chosen_first: string | null
  readonly chosen_id: string | null
  readonly ids: readonly string[]
}

interface Counted {
  readonly looked: number
  readonly first: string | null
  readonly id: string | null
  readonly counts: readonly number[]
}

/** Lists records by when their first one was stored: an index of all, and one of those that did not succeed. */
export class PostgresHistory implements TaskHistory {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  async list(
    filter: HistoryFilter,
    { cursor, limit, order = 'latest' }: Parameters<TaskHistory['list']>[1],
  ): Promise<HistoryPage> {
    const way = order === 'latest' ? 'DESC' : 'ASC'
    const place = cursor === undefined ? undefined : (JSON.parse(cursor) as Place)
    const source = filter.states && !filter.states.includes('SUCCESS') ? notSuccess : anyState
    const { rows } = await this.#connection.run<Looked & Record<string, unknown>>(look(way, source), [
      ...valuesOf(filter),
      ...placeValues(place),
      rowsAtOnce,
      limit,
    ])
    const [found] = rows
    if (!found) return { records: [], next: undefined }
    const ids = found.ids.map(fromStored)
    const records = await this.#connection.run<Row>(select(way), [storedTexts(ids)])
    return { records: records.rows.map(recordOf), next: nextOf(found, limit) }
  }

  async counts(filter: HistoryFilter, { atMost }: { readonly atMost: number }): Promise<HistoryCounts> {
    const totals = states.map(() => 0)
    const until = performance.now() + longestCountMs
    let complete = true
    const wanted = filter.states ?? states
    const others = wanted.filter((state) => state !== 'SUCCESS')
    const parts = [
      ...(others.length > 0 ? [{ source: notSuccess, states: others }] : []),
      ...(wanted.includes('SUCCESS') ? [{ source: anyState, states: ['SUCCESS'] as const }] : []),
    ]
    for (const part of parts) {
      for (let place: Place | undefined, first = true; first || place; first = false) {
        const { rows } = await this.#connection.run<Counted & Record<string, unknown>>(count(part.source), [
          ...valuesOf({ ...filter, states: part.states }),
          ...placeValues(place),
          rowsCounted,
        ])
        const [found] = rows
        for (const [state, more] of (found?.counts ?? []).entries())
          totals[state] = (totals[state] ?? 0) + more
        if (!found || found.looked < rowsCounted || found.first === null || found.id === null) break
        place = { first: found.first, id: found.id }
        const enough = part.states.every((state) => (totals[states.indexOf(state)] ?? 0) > atMost)
        if (!enough && performance.now() < until) continue
        complete = false
        break
      }
    }
    if (totals.some((total) => total > atMost)) complete = false
    const counted = states.map((state, index) => [state, Math.min(totals[index] ?? 0, atMost)])
    return { states: Object.fromEntries(counted) as Record<TaskState, number>, complete }
  }

  async trim({ keep, leastAgeMs }: Parameters<TaskHistory['trim']>[0]): Promise<number> {
    const { count: forgotten } = await this.#connection.run(trim, [keep, leastAgeMs])
    return forgotten
  }
}

function valuesOf({ states: wanted, name, queue, idPrefix, from, to }: HistoryFilter): readonly unknown[] {
  return [
    wanted?.map((state) => states.indexOf(state)) ?? null,
    name === undefined ? null : toStored(name),
    queue === undefined ? null : toStored(queue),
    idPrefix === undefined ? null : toStored(idPrefix),
    from ?? null,
    to ?? null,
  ]
}

function placeValues(place: Place | undefined): readonly unknown[] {
  return [place?.first ?? null, place?.id ?? null]
}

/** Behind the last one given where the page is full, else behind the last one looked at. */
function nextOf(found: Looked, limit: number): string | undefined {
  const full = found.ids.length >= limit
  if (!full && found.looked < rowsAtOnce) return undefined
  const [first, id] = full ? [found.chosen_first, found.chosen_id] : [found.looked_first, found.looked_id]
  return first === null || id === null ? undefined : JSON.stringify({ first, id } satisfies Place)
}
