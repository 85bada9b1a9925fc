import type { Backend } from '../contracts/backend.ts'
import type { OutboundMessage } from '../contracts/broker.ts'
import type { Millis } from '../contracts/time.ts'
import { TqError } from '../errors/tq-error.ts'
import { type Envelope, toMessage } from '../task/envelope.ts'
import { readDetail } from './record-detail.ts'
import type { Connection, Runtime } from './runtime.ts'

const keptMs: Millis = 14 * 86_400_000

/**
 * A finished task's message as a fresh one, a generation higher, with its first record where there is a backend. A failed
 * workflow that it is part of goes on from there.
 *
 * @throws TqError `INVALID_OPTION` while its workflow has not failed yet
 */
export async function freshMessage(
  { codec, followUps }: Runtime,
  { backend, time }: Connection,
  queue: string,
  old: Envelope,
): Promise<OutboundMessage> {
  const { crashes: _c, misses: _m, delayLeftMs: _d, expiresMs: _e, failures: _f, epoch: _o, ...rest } = old
  const envelope: Envelope = {
    ...rest,
    attempt: 0,
    generation: old.generation + 1,
    sentAt: time.now(),
    ...(old.flow ? { flow: await followUps.reopen(old.flow) } : {}),
  }
  const message = toMessage(envelope, codec, 0)
  if (!backend) return message
  return {
    ...message,
    record: {
      id: envelope.id,
      name: envelope.task,
      queue,
      state: 'PENDING',
      generation: envelope.generation,
      attempt: 0,
      epoch: 0,
      updatedAt: envelope.sentAt,
      detail: JSON.stringify({ sentAt: envelope.sentAt }),
      ttlMs: keptMs,
      markMs: keptMs,
    },
  }
}

/**
 * Sends a task that ended in FAILURE once more.
 *
 * @throws TqError `UNKNOWN_RESULT`, or `INVALID_OPTION` when it has not failed
 */
export async function runAgain(
  runtime: Runtime,
  connection: Connection,
  backend: Backend,
  id: string,
): Promise<void> {
  const [record] = await backend.results.get([id])
  if (!record) {
    throw new TqError('UNKNOWN_RESULT', `Nothing is known of task ${id}: it cannot be run again.`, {
      details: { id },
    })
  }
  const envelope = record.state === 'FAILURE' ? readDetail(record).envelope : undefined
  if (!envelope) {
    throw new TqError(
      'INVALID_OPTION',
      `Task ${id} is ${record.state}: only one that ended in FAILURE can be run again. Send it anew instead.`,
      { details: { id, state: record.state } },
    )
  }
  const message = await freshMessage(runtime, connection, record.queue, envelope as Envelope)
  await connection.broker.declare({ name: record.queue })
  await connection.publisher.publish(record.queue, [message])
}
