import type { ClaimOutcome, ClaimRequest, TaskRecord, TaskState } from '@tq/core/driver'
import { checkLength } from './capabilities.ts'
import { after, ms, type Sql, sweepable } from './statement.ts'
import { fromStored, storedTexts } from './text.ts'

/** By their number in the table; from `firstEnd` on nothing can follow. */
export const states: readonly TaskState[] = ['PENDING', 'STARTED', 'RETRY', 'SUCCESS', 'FAILURE', 'REVOKED']
export const firstEnd = 3
const revoked = 5

/** Whether changes of records have to be notified. */
const watched: Sql = `EXISTS (SELECT FROM @.watchers WHERE namespace = $1 AND kind = 'record' AND until > now())`

/**
 * Stores records, fenced by (generation, attempt, epoch). Answers the ids of those that were stored. Each id at most
 * once per call; in the order of the ids, so that two calls never wait for each other.
 *
 * $1 namespace, $2 ids, names, queues, states, generations, attempts, epochs, updated, ttls, marks, details
 */
export const put: Sql = `INSERT INTO @.records AS r
    (namespace, id, name, queue, state, generation, attempt, epoch, updated, ttl, mark, expires, forgotten, sweep, detail)
  SELECT $1, i.id, i.name, i.queue, i.state, i.generation, i.attempt, i.epoch, i.updated, i.ttl, i.mark,
    ${after('i.ttl')}, ${after('greatest(i.ttl, i.mark)')}, ${sweepable(after('i.ttl'))}, i.detail
  FROM unnest($2::text[], $3::text[], $4::text[], $5::smallint[], $6::integer[], $7::integer[], $8::bigint[],
    $9::double precision[], $10::double precision[], $11::double precision[], $12::text[])
    AS i(id, name, queue, state, generation, attempt, epoch, updated, ttl, mark, detail)
  ORDER BY i.id COLLATE "C"
  ON CONFLICT (namespace, id) DO UPDATE SET
    name = excluded.name, queue = excluded.queue, state = excluded.state, generation = excluded.generation,
    attempt = excluded.attempt, epoch = excluded.epoch, updated = excluded.updated, ttl = excluded.ttl,
    mark = excluded.mark, expires = excluded.expires, forgotten = excluded.forgotten, sweep = excluded.sweep,
    detail = excluded.detail,
    first = CASE WHEN r.forgotten > now() AND r.expires > '-infinity' THEN r.first ELSE now() END,
    -- The run that claimed and now writes may claim again.
    run = CASE WHEN r.forgotten > now() AND (r.generation, r.attempt, r.epoch)
      = (excluded.generation, excluded.attempt, excluded.epoch) THEN r.run END
  WHERE r.forgotten <= now() OR excluded.generation > r.generation
    OR (excluded.generation = r.generation AND r.state < ${firstEnd}
      AND (excluded.attempt, excluded.epoch) >= (r.attempt, r.epoch))
  RETURNING r.id, ${watched} AS watched`

/** @throws LimitError */
export function putValues(records: readonly TaskRecord[]): readonly unknown[] {
  for (const { id, detail } of records) checkLength(detail, `the record of '${id}'`)
  return [
    storedTexts(records.map(({ id }) => id)),
    storedTexts(records.map(({ name }) => name)),
    storedTexts(records.map(({ queue }) => queue)),
    records.map(({ state }) => states.indexOf(state)),
    records.map(({ generation }) => generation),
    records.map(({ attempt }) => attempt),
    records.map(({ epoch }) => epoch),
    records.map(({ updatedAt }) => updatedAt),
    records.map(({ ttlMs }) => ms(ttlMs)),
    records.map(({ markMs }) => ms(markMs)),
    storedTexts(records.map(({ detail }) => detail)),
  ]
}

/** Nobody remembers the task, or a person runs it again. */
const fresh: Sql = '(r.forgotten <= now() OR r.generation < excluded.generation)'
const freshOrKept = (column: string): Sql =>
  `${column} = CASE WHEN ${fresh} THEN excluded.${column} ELSE r.${column} END`

/**
 * Gives runs the right to write, and takes it from all before. A claim of a task without a record is remembered in a row
 * that does not read as one. Answers ids and epochs of those that were granted. Each id at most once per call.
 *
 * $1 namespace, $2 ids, generations, attempts, runs, ttls
 */
export const claim: Sql = `INSERT INTO @.records AS r
    (namespace, id, name, queue, state, generation, attempt, epoch, updated, ttl, mark, expires, forgotten, sweep, run,
    detail)
  SELECT $1, i.id, '', '', 0, i.generation, i.attempt, 1, 0, 0, i.ttl, '-infinity', ${after('i.ttl')},
    ${sweepable(after('i.ttl'))}, i.run, ''
  FROM unnest($2::text[], $3::integer[], $4::integer[], $5::text[], $6::double precision[])
    AS i(id, generation, attempt, run, ttl)
  ORDER BY i.id COLLATE "C"
  ON CONFLICT (namespace, id) DO UPDATE SET
    generation = excluded.generation, attempt = excluded.attempt, run = excluded.run,
    epoch = CASE WHEN ${fresh} THEN 1
      WHEN r.attempt = excluded.attempt AND r.run = excluded.run THEN r.epoch ELSE r.epoch + 1 END,
    ${['name', 'queue', 'state', 'updated', 'ttl', 'mark', 'expires', 'detail'].map(freshOrKept).join(', ')},
    forgotten = CASE WHEN ${fresh} THEN excluded.forgotten ELSE greatest(r.forgotten, excluded.forgotten) END,
    -- A record comes to the sweeper when it expires; a row that only remembers, when it is forgotten.
    sweep = CASE WHEN ${fresh} THEN excluded.sweep WHEN r.expires > now() THEN r.sweep
      ELSE greatest(r.sweep, excluded.sweep) END
  WHERE ${fresh}
    OR (r.generation = excluded.generation AND r.state < ${firstEnd} AND r.attempt <= excluded.attempt)
  RETURNING r.id, r.epoch`

export function claimValues(items: readonly ClaimRequest[]): readonly unknown[] {
  return [
    storedTexts(items.map(({ id }) => id)),
    items.map(({ generation }) => generation),
    items.map(({ attempt }) => attempt),
    storedTexts(items.map(({ runId }) => runId)),
    items.map(({ ttlMs }) => ms(ttlMs)),
  ]
}

/** $1 namespace, $2 ids */
export const look: Sql = `SELECT id, generation, attempt, state FROM @.records
  WHERE namespace = $1 AND id = ANY ($2::text[]) AND forgotten > now()`

export interface Fence {
  readonly id: string
  readonly generation: number
  readonly attempt: number
  readonly state: number
}

/** Why a claim was refused; undefined when nothing is in its way any more. */
export function refusal(claimed: ClaimRequest, known: Fence | undefined): ClaimOutcome | undefined {
  if (!known || known.generation < claimed.generation) return undefined
  if (known.generation > claimed.generation) return 'superseded'
  if (known.state >= firstEnd) return known.state === revoked ? 'revoked' : 'terminal'
  return known.attempt > claimed.attempt ? 'superseded' : undefined
}

/** $1 namespace, $2 ids */
export const get: Sql = `SELECT id, name, queue, state, generation, attempt, epoch, updated, detail, ttl, mark
  FROM @.records WHERE namespace = $1 AND id = ANY ($2::text[]) AND expires > now()`

export interface Row {
  readonly id: string
  readonly name: string
  readonly queue: string
  readonly state: number
  readonly generation: number
  readonly attempt: number
  /** A bigint, which `pg` gives as text. */
  readonly epoch: string
  readonly updated: number
  readonly detail: string
  readonly ttl: number
  readonly mark: number
}

export function recordOf(row: Row): TaskRecord {
  const { generation, attempt, updated, ttl, mark } = row
  return {
    id: fromStored(row.id),
    name: fromStored(row.name),
    queue: fromStored(row.queue),
    state: states[row.state] ?? 'PENDING',
    generation,
    attempt,
    epoch: Number(row.epoch),
    updatedAt: updated,
    detail: fromStored(row.detail),
    ttlMs: ttl,
    markMs: mark,
  }
}

/** In the order of the ids, as `put` and `claim` go. $1 namespace, $2 ids */
export const remove: Sql = `WITH locked AS MATERIALIZED (
    SELECT id FROM @.records WHERE namespace = $1 AND id = ANY ($2::text[]) ORDER BY id FOR UPDATE)
  DELETE FROM @.records AS r USING locked WHERE r.namespace = $1 AND r.id = locked.id
  RETURNING r.id, ${watched} AS watched`
