import type { Backend, ClaimOutcome } from '../contracts/backend.ts'
import type { CommitItem, Delivery } from '../contracts/broker.ts'
import { describeError, type TaskErrorInfo } from '../errors/task-errors.ts'
import { readDetail } from '../runtime/record-detail.ts'
import type { Connection, Runtime } from '../runtime/runtime.ts'
import type { Envelope } from '../task/envelope.ts'
import { deadLetter } from './settle/dead-letter.ts'
import { endedStep, type SettleItem } from './settle/settlement.ts'

/** How a task has failed: its dead letter says no more, so that one that is sent twice is the same. */
export interface Failure {
  readonly error: TaskErrorInfo
  readonly reason: string
  /** In milliseconds since 1970. */
  readonly endedAt: number
}

/** A message that could be read. */
export interface Read {
  readonly delivery: Delivery
  readonly envelope: Envelope
}

/** What is left to do for messages that are not run: whoever ended their task may have died before all was done. */
export class Leftovers {
  readonly #queue: string
  readonly #runtime: Runtime
  readonly #connection: Connection

  constructor(queue: string, runtime: Runtime, connection: Connection) {
    this.#queue = queue
    this.#runtime = runtime
    this.#connection = connection
  }

  /**
   * Of the messages whose task has ended, those that ended in FAILURE: where settling goes in steps, their worker may
   * have died between storing that and sending the dead letter.
   */
  async failuresAmong(
    read: readonly Read[],
    claims: readonly ClaimOutcome[],
  ): Promise<ReadonlyMap<Read, Failure>> {
    const failures = new Map<Read, Failure>()
    const { backend, oneStore } = this.#connection
    const over = read.filter(
      ({ envelope }, index) => claims[index] === 'terminal' && (!oneStore || envelope.flow !== undefined),
    )
    if (over.length === 0 || !backend) return failures
    const records = await recordsOf(backend, over)
    for (const [index, one] of over.entries()) {
      const record = records[index]
      if (record?.state !== 'FAILURE' || record.generation !== one.envelope.generation) continue
      const { error, reason, endedAt } = readDetail(record)
      failures.set(one, {
        error: error ?? { name: 'Error', message: 'no reason was kept' },
        reason: reason ?? 'failed before',
        endedAt: endedAt ?? record.updatedAt,
      })
    }
    return failures
  }

  /** For a task that has ended: its dead letter, what follows it in its workflow, or nothing. */
  ofEnded(
    { delivery, envelope }: Read,
    claim: ClaimOutcome,
    failure: Failure | undefined,
  ): SettleItem | undefined {
    const over = claim === 'terminal' || claim === 'revoked'
    const flow = over ? envelope.flow : undefined
    if (!failure && !flow) return undefined
    const item = failure
      ? this.#deadLetter(delivery, failure)
      : ({ lease: delivery.lease } satisfies CommitItem)
    return flow ? { ...item, inSteps: true, ended: endedStep(envelope, flow) } : item
  }

  /** For a message that cannot be read. */
  quarantine(delivery: Delivery, thrown: unknown): CommitItem {
    const error = describeError(thrown)
    this.#runtime.logger.error(
      `queue '${this.#queue}': a message cannot be read; it goes to the dead letters`,
      {
        id: delivery.message.id,
        reason: error.message,
      },
    )
    return this.#deadLetter(delivery, {
      error,
      reason: 'unreadable message',
      endedAt: this.#runtime.clock.now(),
    })
  }

  #deadLetter({ message, lease }: Delivery, { error, reason, endedAt }: Failure): CommitItem {
    return { lease, publish: [deadLetter(this.#queue, message, reason, error, endedAt)] }
  }
}

function recordsOf(backend: Backend, read: readonly Read[]) {
  return backend.results.get(read.map(({ envelope }) => envelope.id))
}
