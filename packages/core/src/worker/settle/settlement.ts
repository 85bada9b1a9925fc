import type { CommitItem, OutboundMessage, RoutedMessage } from '../../contracts/broker.ts'
import type { TaskRecord } from '../../contracts/record.ts'
import { describeError, TaskRevoked } from '../../errors/task-errors.ts'
import type { EndedStep } from '../../runtime/follow-ups.ts'
import type { Places } from '../../runtime/waiting-lines.ts'
import type { Envelope } from '../../task/envelope.ts'
import type { FlowLink, FlowValue } from '../../task/flow.ts'
import type { Job } from '../job.ts'
import type { Outcome } from '../outcome.ts'
import type { SettleContext } from './context.ts'
import { forwardCopy, retryCopy } from './copies.ts'
import { deadLetter } from './dead-letter.ts'
import { deadRecord, doneRecord, endRecord, retryRecord } from './records.ts'

/** A delivery's end as a call to settle it, and what else has to happen before it is acknowledged. */
export interface SettleItem extends CommitItem {
  /** Part of a workflow: record, follow-ups and ack one after the other, since what follows may be more than one step. */
  readonly inSteps?: boolean
  readonly ended?: EndedStep
  /** It waits outside the queue until there is a place. */
  readonly waits?: { readonly places: Places; readonly queue: string; readonly message: OutboundMessage }
}

/** The record, the follow-ups and the ack that an outcome means. */
export function settlementOf(
  job: Job,
  outcome: Outcome,
  startedAt: number,
  context: SettleContext,
): SettleItem {
  const item = commitOf(job, outcome, startedAt, context)
  if (outcome.type === 'wait') {
    const { queue, delivery, envelope } = job
    const { group } = envelope
    const message = { ...delivery.message, ...(group === undefined ? {} : { group }) }
    return { ...item, inSteps: true, waits: { places: outcome.places, queue, message } }
  }
  if (!job.envelope.flow) return item
  const end = endOf(job, outcome)
  return {
    ...item,
    inSteps: true,
    ...(end ? { ended: endedStep(job.envelope, job.envelope.flow, end) } : {}),
  }
}

/** @param end undefined: as the task's record says. */
export function endedStep({ id, generation }: Envelope, link: FlowLink, end?: FlowValue): EndedStep {
  return { id, generation, link, end }
}

/** How the task has ended, for what follows it; undefined while it has not. */
function endOf({ envelope: { id } }: Job, outcome: Outcome): FlowValue | undefined {
  if (outcome.type === 'done') return outcome.json === undefined ? {} : { value: JSON.parse(outcome.json) }
  if (outcome.type === 'dead') return { error: outcome.error, id }
  if (outcome.type === 'revoked') return { error: describeError(new TaskRevoked(id, outcome.reason)), id }
  return undefined
}

function commitOf(job: Job, outcome: Outcome, startedAt: number, context: SettleContext): CommitItem {
  const { lease } = job.delivery
  switch (outcome.type) {
    case 'done':
      return withRecord(lease, doneRecord(job, outcome, startedAt, context), [])
    case 'retry':
      return withRecord(lease, retryRecord(job, outcome, startedAt, context), [
        retryCopy(job, outcome, startedAt, context),
      ])
    case 'dead':
      return withRecord(lease, deadRecord(job, outcome.error, outcome.reason, startedAt, context), [
        deadLetter(job.queue, job.delivery.message, outcome.reason, outcome.error, context.now),
      ])
    case 'revoked':
      return withRecord(lease, endRecord(job, 'REVOKED', { reason: outcome.reason }, undefined, context), [])
    case 'forward':
      return { lease, publish: [forwardCopy(job, outcome, context)] }
    case 'wait':
    case 'drop':
    case 'release':
    case 'lost':
      return { lease }
  }
}

function withRecord(
  lease: CommitItem['lease'],
  record: TaskRecord | undefined,
  publish: readonly RoutedMessage[],
): CommitItem {
  if (!record) return publish.length > 0 ? { lease, publish } : { lease }
  return publish.length > 0 ? { lease, record, publish } : { lease, record }
}
