import type { ClaimOutcome, ClaimRequest, TaskRecord, TaskState } from '@tq/core/driver'
import { attributes, type Item, line, numberOf, placeholders, textOf } from './attributes.ts'
import { checkLength } from './capabilities.ts'
import type { Instant } from './service-time.ts'
import { endOf, removedAfter } from './time-to-live.ts'

/*
 * A record is one item. `expires`: reads as absent from here on. `forgotten`: fences from here on no more. A claim of a
 * task without a record makes an item that has expired from the first.
 */

/** What conditions are about: the terms of DynamoDB's expressions. */
const unknown = '(attribute_not_exists(pk) OR #forgotten <= :earliest)'
const open = '#state <> :success AND #state <> :failure AND #state <> :revoked'
const ends = { success: 'SUCCESS', failure: 'FAILURE', revoked: 'REVOKED' } as const

/** Stores a record, fenced by (generation, attempt, epoch). The run that claimed it stays, so that it may claim again. */
export function storing(record: TaskRecord, now: Instant) {
  const { id, name, queue, state, generation, attempt, epoch, updatedAt, detail, ttlMs, markMs } = record
  checkLength(detail, `the record of '${id}'`)
  const forgotten = endOf(now, Math.max(ttlMs, markMs))
  const set =
    line(`SET #name = :name, #queue = :queue, #state = :state, #generation = :generation, #attempt = :attempt,
    #epoch = :epoch, #updated = :updated, #detail = :detail, #ttlMs = :ttlMs, #markMs = :markMs, #expires = :expires,
    #forgotten = :forgotten, #ttl = :ttl`)
  const condition = line(`${unknown} OR #generation < :generation OR (#generation = :generation AND ${open}
    AND (#attempt < :attempt OR (#attempt = :attempt AND #epoch <= :epoch)))`)
  const values = {
    ...ends,
    earliest: now.earliest,
    name,
    queue,
    state,
    generation,
    attempt,
    epoch,
    updated: updatedAt,
    detail,
    ttlMs,
    markMs,
    expires: endOf(now, ttlMs),
    forgotten,
    ttl: removedAfter(forgotten),
  }
  return { UpdateExpression: set, ConditionExpression: condition, ...placeholders(values, set, condition) }
}

/** A later attempt, or another run of the same. */
const otherRun = line(`#generation = :generation AND ${open} AND #forgotten > :earliest
  AND (#attempt < :attempt OR (#attempt = :attempt AND (attribute_not_exists(#run) OR #run <> :run)))`)

/** The right to write of a task whose record is there: the usual case, in one step. A mere claim is remembered until then. */
export function claiming({ generation, attempt, runId }: ClaimRequest, now: Instant, forgotten: number) {
  const set = 'SET #epoch = #epoch + :one, #attempt = :attempt, #run = :run'
  // What only remembers has to do so for as long as it was asked last.
  const condition = `${otherRun} AND (#expires > :earliest OR #forgotten >= :forgotten)`
  const values = { ...ends, earliest: now.earliest, one: 1, generation, attempt, run: runId, forgotten }
  return {
    UpdateExpression: set,
    ConditionExpression: condition,
    ReturnValues: 'UPDATED_NEW',
    ...placeholders(values, set, condition),
  } as const
}

/** The same of what only remembers, which does so for longer then. */
export function extending({ generation, attempt, runId }: ClaimRequest, now: Instant, forgotten: number) {
  const set =
    'SET #epoch = #epoch + :one, #attempt = :attempt, #run = :run, #forgotten = :forgotten, #ttl = :ttl'
  const condition = `${otherRun} AND #expires <= :earliest AND #forgotten < :forgotten`
  const ttl = removedAfter(forgotten)
  const values = { ...ends, earliest: now.earliest, one: 1, generation, attempt, run: runId, forgotten, ttl }
  return {
    UpdateExpression: set,
    ConditionExpression: condition,
    ReturnValues: 'UPDATED_NEW',
    ...placeholders(values, set, condition),
  } as const
}

/** Remembers a claim where nothing is known of the task, or a person runs it again. */
export function remembering(
  { generation, attempt, runId, ttlMs }: ClaimRequest,
  now: Instant,
  forgotten: number,
) {
  const condition = `${unknown} OR #generation < :generation`
  const item = attributes({
    name: '',
    queue: '',
    state: 'PENDING',
    generation,
    attempt,
    epoch: 1,
    updated: 0,
    detail: '',
    ttlMs: 0,
    markMs: ttlMs,
    expires: 0,
    forgotten,
    ttl: removedAfter(forgotten),
    run: runId,
  })
  const values = { earliest: now.earliest, generation }
  return { item, write: { ConditionExpression: condition, ...placeholders(values, condition) } }
}

/** Nothing is known of it any more. */
export function isForgotten(item: Item | undefined, { earliest }: Instant): boolean {
  return item === undefined || numberOf(item, 'forgotten') <= earliest
}

export function isReadable(item: Item, { earliest }: Instant): boolean {
  return numberOf(item, 'expires') > earliest
}

/** What a claim of a known task comes to without a change; undefined where one is needed. */
export function verdict({ generation, attempt, runId }: ClaimRequest, known: Item): ClaimOutcome | undefined {
  const state = textOf(known, 'state')
  if (numberOf(known, 'generation') > generation) return 'superseded'
  if (numberOf(known, 'generation') < generation) return undefined
  if (state === 'REVOKED') return 'revoked'
  if (state === 'SUCCESS' || state === 'FAILURE') return 'terminal'
  if (numberOf(known, 'attempt') > attempt) return 'superseded'
  const sameRun = numberOf(known, 'attempt') === attempt && known['run']?.S === runId
  return sameRun ? { epoch: numberOf(known, 'epoch') } : undefined
}

export function recordOf(id: string, item: Item): TaskRecord {
  return {
    id,
    name: textOf(item, 'name'),
    queue: textOf(item, 'queue'),
    state: textOf(item, 'state') as TaskState,
    generation: numberOf(item, 'generation'),
    attempt: numberOf(item, 'attempt'),
    epoch: numberOf(item, 'epoch'),
    updatedAt: numberOf(item, 'updated'),
    detail: textOf(item, 'detail'),
    ttlMs: numberOf(item, 'ttlMs'),
    markMs: numberOf(item, 'markMs'),
  }
}
