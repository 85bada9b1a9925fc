import type { MessageChange, Priority } from '../contracts/broker.ts'
import type { TaskRecord } from '../contracts/record.ts'
import type { Millis } from '../contracts/time.ts'
import { TqError } from '../errors/tq-error.ts'
import { lateCopiesMs } from '../runtime/late-copies.ts'
import { type RecordDetail, readDetail } from '../runtime/record-detail.ts'
import type { Connection } from '../runtime/runtime.ts'

/** What is to become of a task that waits in its queue. */
export interface QueuedChange {
  /** When it may run, from now. */
  readonly delayMs?: Millis
  readonly priority?: Priority
  /** Where it waits, for a task of which no record tells. */
  readonly queue?: string
}

/**
 * Changes when, or before which others, a task runs that waits in its queue.
 *
 * @throws TqError `CAPABILITY_MISSING` where the broker cannot reach into a queue, `UNKNOWN_RESULT`, or `NOT_QUEUED` when
 * it runs, has ended, or waits elsewhere
 */
export async function changeQueued(
  { broker, backend, time }: Connection,
  id: string,
  { queue: named, ...change }: QueuedChange,
): Promise<void> {
  const { admin } = broker
  if (!admin?.change) {
    throw new TqError(
      'CAPABILITY_MISSING',
      `${broker.name} cannot reach into a queue, so a task that waits there cannot be changed. Revoke it and send it anew.`,
      { details: { id, broker: broker.name } },
    )
  }
  const [record] = (await backend?.results.get([id])) ?? []
  const queue = record?.queue ?? named
  if (queue === undefined) {
    throw new TqError('UNKNOWN_RESULT', `Nothing is known of task ${id}. Name the queue that it waits in.`, {
      details: { id },
    })
  }
  const waits = !record || record.state === 'PENDING' || record.state === 'RETRY'
  if (!waits || !(await changed(queue))) throw notQueued(id, queue, record)
  if (record && change.delayMs !== undefined)
    await backend?.results.put([dueIn(record, change.delayMs, time.now())])

  async function changed(queue: string): Promise<boolean> {
    await broker.declare({ name: queue })
    return (await admin?.change?.(queue, id, change satisfies MessageChange)) ?? false
  }
}

/** Refused as stale when a worker has started it meanwhile: then it tells nothing that is wrong. */
function dueIn(record: TaskRecord, delayMs: Millis, now: number): TaskRecord {
  const { dueAt: _, ...rest } = readDetail(record)
  const sentAt = rest.sentAt ?? (record.state === 'PENDING' ? record.updatedAt : undefined)
  const detail: RecordDetail = {
    ...rest,
    ...(sentAt === undefined ? {} : { sentAt }),
    ...(delayMs > 0 ? { dueAt: now + delayMs } : {}),
  }
  const ttlMs = Math.max(record.ttlMs, delayMs + lateCopiesMs)
  return { ...record, ttlMs, markMs: Math.max(record.markMs, ttlMs), detail: JSON.stringify(detail) }
}

function notQueued(id: string, queue: string, record: TaskRecord | undefined): TqError {
  const state = record?.state
  const why =
    state === undefined || state === 'PENDING' || state === 'RETRY'
      ? `does not wait in queue '${queue}': a worker has it, or it waits for a limit to let it in`
      : `is ${state}`
  return new TqError('NOT_QUEUED', `Task ${id} ${why}. Only one that waits in its queue can be changed.`, {
    details: { id, queue, ...(state === undefined ? {} : { state }) },
  })
}
