import type { RoutedMessage } from '../../contracts/broker.ts'
import type { Millis } from '../../contracts/time.ts'
import { nextHop } from '../../policy/delay-hop.ts'
import { type Envelope, toMessage } from '../../task/envelope.ts'
import type { Job } from '../job.ts'
import type { Outcome } from '../outcome.ts'
import type { SettleContext } from './context.ts'
import { failuresWith } from './failures.ts'

/** Of an error that travels with its task. */
const mostStack = 800

export function retryCopy(
  job: Job,
  outcome: Outcome & { type: 'retry' },
  startedAt: number,
  context: SettleContext,
): RoutedMessage {
  // Each start counts against a rate limit: the next one takes its turn anew.
  const { delayLeftMs: _left, paced: _paced, ...envelope } = job.envelope
  const carried = job.context?.carried
  return copy(job, outcome.delayMs, context, {
    ...envelope,
    attempt: outcome.nextAttempt,
    ...(carried ? { headers: { ...envelope.headers, ...carried } } : {}),
    failures: failuresWith(job, outcome.error, startedAt, context).map(({ error, ...rest }) => ({
      ...rest,
      error: error.stack === undefined ? error : { ...error, stack: error.stack.slice(0, mostStack) },
    })),
    ...(outcome.crashes > 0 ? { crashes: outcome.crashes } : {}),
  })
}

export function forwardCopy(
  job: Job,
  outcome: Outcome & { type: 'forward' },
  context: SettleContext,
): RoutedMessage {
  const { delayLeftMs: _, ...envelope } = job.envelope
  return copy(job, outcome.delayLeftMs ?? outcome.delayMs, context, {
    ...envelope,
    ...(outcome.misses === undefined ? {} : { misses: outcome.misses }),
    ...(outcome.paced ? { paced: 1 } : {}),
  })
}

function copy(job: Job, delayMs: Millis, context: SettleContext, envelope: Envelope): RoutedMessage {
  const hop = nextHop(delayMs, context.maxDelayMs)
  const next = { ...envelope, epoch: job.epoch, ...(hop.leftMs > 0 ? { delayLeftMs: hop.leftMs } : {}) }
  const message = toMessage(next, context.codec, hop.delayMs)
  if (message.body.byteLength <= context.maxBodyBytes) return { queue: job.queue, message }
  // Grown over the limit by what it tells of its past: the task matters more.
  const { failures: _, ...brief } = next
  return { queue: job.queue, message: toMessage(brief, context.codec, hop.delayMs) }
}
