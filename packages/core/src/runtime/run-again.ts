import type { Backend } from '../contracts/backend.ts'
import type { TaskRecord } from '../contracts/record.ts'
import { TqError } from '../errors/tq-error.ts'
import { type Envelope, toMessage } from '../task/envelope.ts'
import type { PayloadRef } from '../task/payload-ref.ts'
import { lateCopiesMs } from './late-copies.ts'
import { keepAsides, type Packed, refsOf, withRefs } from './packing.ts'
import { type Aside, ownerOf } from './payloads.ts'
import { readDetail } from './record-detail.ts'
import type { Connection, Runtime } from './runtime.ts'

/**
 * A finished task's message as a fresh one, a generation higher, with its first record where there is a backend, and with
 * its own copy of what it left behind: the old one goes with the old message. A failed workflow that it is part of goes
 * on from there.
 *
 * @throws TqError `INVALID_OPTION` while its workflow has not failed yet
 */
export async function freshMessage(
  { codec, settings, followUps }: Runtime,
  { backend, time, payloads }: Connection,
  queue: string,
  old: Envelope,
): Promise<Packed> {
  const { crashes: _c, misses: _m, delayLeftMs: _d, expiresMs: _e, failures: _f, epoch: _o, ...rest } = old
  const envelope: Envelope = {
    ...rest,
    attempt: 0,
    generation: old.generation + 1,
    sentAt: time.now(),
    ...(old.flow ? { flow: await followUps.reopen(old.flow) } : {}),
  }
  const asides: Aside[] = []
  const again: PayloadRef[] = []
  const refs = refsOf(old)
  const owner = ownerOf(envelope.id, envelope.generation)
  const copies =
    refs.length > 0 ? await payloads.copies(owner, refs, lateCopiesMs + settings.deadLetterExpiresMs) : []
  for (const [at, ref] of refs.entries()) {
    const copy = copies[at]
    if (copy) asides.push(copy)
    // Where it is gone, the run will say so.
    again.push(copy?.ref ?? ref)
  }
  const message = toMessage(withRefs(envelope, again), codec, 0)
  if (!backend) return { message, asides }
  const record: TaskRecord = {
    id: envelope.id,
    name: envelope.task,
    queue,
    state: 'PENDING',
    generation: envelope.generation,
    attempt: 0,
    epoch: 0,
    updatedAt: envelope.sentAt,
    detail: JSON.stringify({ sentAt: envelope.sentAt }),
    ttlMs: lateCopiesMs,
    markMs: lateCopiesMs,
  }
  return { message: { ...message, record }, asides }
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
  const packed = await freshMessage(runtime, connection, record.queue, envelope as Envelope)
  await connection.broker.declare({ name: record.queue })
  await keepAsides(connection, [packed])
  await connection.publisher.publish(record.queue, [packed.message])
}
