import type { ClaimOutcome, ClaimRequest, TaskRecord, TaskState } from '@tq/core/driver'
import { attributes, type Item, line, numberOf, placeholders, textOf } from './attributes.ts'
import { checkLength } from './capabilities.ts'
import type { Place } from './listing.ts'
import type { Instant } from './service-time.ts'
import { endOf, removedAfter } from './time-to-live.ts'

/*
 * A record is one item. `expires`: reads as absent from here on. `forgotten`: fences from here on no more. A claim of a
 * task without a record makes an item that has expired from the first.
 */

/*
 * Conditions are alternatives of things that all hold, without parentheses: DynamoDB does not care, but an emulator takes
 * a hundred times longer for nested ones.
 */
const any = (...alternatives: readonly string[]): string => alternatives.join(' OR ')
const all = (...parts: readonly string[]): string => parts.join(' AND ')

const unknown = any('attribute_not_exists(pk)', '#forgotten <= :earliest')
const open = all('#generation = :generation', '#ended = :no')

const store = line(`SET #name = :name, #queue = :queue, #state = :state, #generation = :generation,
  #attempt = :attempt, #epoch = :epoch, #updated = :updated, #detail = :detail, #ended = :ended, #ttlMs = :ttlMs, #markMs = :markMs,
  #expires = :expires, #forgotten = :forgotten, #ttl = :ttl`)
/** Where a task is listed is decided when its first record is stored. */
const storeAndList = `${store}, #shard = if_not_exists(#shard, :shard), #seen = if_not_exists(#seen, :seen)`
const listTroubled = `${storeAndList}, #trouble = :trouble`
const listWell = `${storeAndList} REMOVE #trouble`
const storable = any(
  unknown,
  '#generation < :generation',
  all(open, '#attempt < :attempt'),
  all(open, '#attempt = :attempt', '#epoch <= :epoch'),
)

/** @throws LimitError */
export function checkRecord({ id, detail }: TaskRecord): void {
  checkLength(detail, `the record of '${id}'`)
}

/** Stores a record, fenced by (generation, attempt, epoch). The run that claimed it stays, so that it may claim again. */
export function storing(record: TaskRecord, now: Instant, place: Place | undefined) {
  const { name, queue, state, generation, attempt, epoch, updatedAt, detail, ttlMs, markMs } = record
  const forgotten = endOf(now, Math.max(ttlMs, markMs))
  const values = {
    earliest: now.earliest,
    no: false,
    ended: state === 'SUCCESS' || state === 'FAILURE' || state === 'REVOKED',
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
    ...(place ? { shard: place.shard, seen: place.seen } : {}),
    ...(place?.trouble === undefined ? {} : { trouble: place.trouble }),
  }
  const update = !place ? store : place.trouble === undefined ? listWell : listTroubled
  return {
    UpdateExpression: update,
    ConditionExpression: storable,
    ...placeholders(values, update, storable),
  }
}

/** A later attempt, or another run of the same; each alternative with something more. */
const otherRun = (...more: readonly string[]): string =>
  any(
    all(open, '#forgotten > :earliest', '#attempt < :attempt', ...more),
    all(open, '#forgotten > :earliest', '#attempt = :attempt', 'attribute_not_exists(#run)', ...more),
    all(open, '#forgotten > :earliest', '#attempt = :attempt', '#run <> :run', ...more),
  )

const claim = 'SET #epoch = #epoch + :one, #attempt = :attempt, #run = :run'
// What only remembers has to do so for as long as it was asked last.
const claimable = any(otherRun('#expires > :earliest'), otherRun('#forgotten >= :forgotten'))
const extend = `${claim}, #forgotten = :forgotten, #ttl = :ttl`
const extendable = otherRun('#expires <= :earliest', '#forgotten < :forgotten')

/** The right to write of a task whose record is there: the usual case, in one step. A mere claim is remembered until then. */
export function claiming(request: ClaimRequest, now: Instant, forgotten: number) {
  return changing(claim, claimable, valuesOf(request, now, forgotten))
}

/** The same of what only remembers, which does so for longer then. */
export function extending(request: ClaimRequest, now: Instant, forgotten: number) {
  const values = { ...valuesOf(request, now, forgotten), ttl: removedAfter(forgotten) }
  return changing(extend, extendable, values)
}

function valuesOf({ generation, attempt, runId }: ClaimRequest, { earliest }: Instant, forgotten: number) {
  return { earliest, no: false, one: 1, generation, attempt, run: runId, forgotten }
}

function changing(
  set: string,
  condition: string,
  values: Readonly<Record<string, string | number | boolean>>,
) {
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
  const condition = any(unknown, '#generation < :generation')
  const item = attributes({
    name: '',
    queue: '',
    state: 'PENDING',
    ended: false,
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
