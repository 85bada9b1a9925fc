import { randomUUID } from 'node:crypto'
import type { ClaimOutcome } from '../contracts/backend.ts'
import type { CommitItem, Delivery } from '../contracts/broker.ts'
import { describeError } from '../errors/task-errors.ts'
import { TqError } from '../errors/tq-error.ts'
import { judge, maxMisses, missDelay } from '../policy/poison.ts'
import type { Connection, Runtime } from '../runtime/runtime.ts'
import { type Envelope, fromBody } from '../task/envelope.ts'
import type { TaskDefinition } from '../task/task.ts'
import { resolveTaskPolicy } from '../task/task-policy.ts'
import type { Job } from './job.ts'
import type { Outcome } from './outcome.ts'
import { deadLetter, settleContext, settlementOf } from './settle.ts'

/** What became of a batch: tasks to run, and messages that are settled without running. */
export interface Admitted {
  readonly jobs: readonly Job[]
  readonly refused: readonly { readonly item: CommitItem }[]
}

interface Read {
  readonly delivery: Delivery
  readonly envelope: Envelope
}

/** Decides, once per batch, which of the received messages are run here and now. */
export class Admission {
  readonly #queue: string
  readonly #worker: string
  readonly #runtime: Runtime
  readonly #connection: Connection
  /** Stands in for a task this worker does not know. */
  readonly #unknown: TaskDefinition

  constructor(queue: string, worker: string, runtime: Runtime, connection: Connection) {
    this.#queue = queue
    this.#worker = worker
    this.#runtime = runtime
    this.#connection = connection
    this.#unknown = {
      name: 'unknown',
      input: undefined,
      output: undefined,
      policy: resolveTaskPolicy({}, runtime.settings.defaults, 'unknown task'),
      run: undefined,
    }
  }

  async admit(deliveries: readonly Delivery[]): Promise<Admitted> {
    const jobs: Job[] = []
    const refused: { item: CommitItem }[] = []
    const readable: Read[] = []
    for (const delivery of deliveries) {
      try {
        readable.push({
          delivery,
          envelope: fromBody(delivery.message.body, delivery.message.headers, this.#runtime.codec),
        })
      } catch (error) {
        refused.push({ item: this.#quarantine(delivery, error) })
      }
    }
    const claims = await this.#claim(readable)
    const receivedAt = this.#runtime.clock.monotonic()
    for (const [index, { delivery, envelope }] of readable.entries()) {
      const claim = claims[index]
      const task = this.#runtime.registry.get(envelope.task)
      const job: Job = {
        delivery,
        envelope,
        task: task ?? this.#unknown,
        queue: this.#queue,
        epoch: typeof claim === 'object' ? claim.epoch : 0,
        receivedAt,
        suspect: judge(delivery.deliveryCount) === 'suspect',
        lost: false,
        stop: undefined,
      }
      const outcome = typeof claim === 'string' ? { type: 'drop' as const } : this.#refusal(job, task)
      if (outcome)
        refused.push({
          item: settlementOf(
            job,
            outcome,
            this.#runtime.clock.now(),
            settleContext(this.#runtime, this.#connection, this.#worker),
          ),
        })
      else jobs.push(job)
    }
    return { jobs, refused }
  }

  /** The right to run each: told by the delivery where broker and backend are one store, asked of the backend else. */
  async #claim(read: readonly Read[]): Promise<readonly ClaimOutcome[]> {
    const { backend, oneStore } = this.#connection
    if (!backend) return read.map(() => ({ epoch: 0 }))
    // A broker speaks for its own store; with another backend it knows nothing of the records.
    const told = read.map(({ delivery, envelope }) =>
      oneStore ? fromVerdict(delivery, envelope) : undefined,
    )
    const open = read.filter((_, index) => told[index] === undefined)
    if (open.length === 0) return told as readonly ClaimOutcome[]
    const claims = await backend.results.claim(
      open.map(({ envelope: { id, generation, attempt } }) => ({
        id,
        generation,
        attempt,
        runId: randomUUID(),
        ttlMs: 14 * 86_400_000,
      })),
    )
    let next = 0
    return told.map((outcome) => outcome ?? claims[next++] ?? 'superseded')
  }

  /** Why a job is not run now; undefined when it is. */
  #refusal(job: Job, task: TaskDefinition | undefined): Outcome | undefined {
    const { envelope, delivery } = job
    if (envelope.delayLeftMs !== undefined && envelope.delayLeftMs > 0) {
      return { type: 'forward', delayMs: 0, delayLeftMs: envelope.delayLeftMs }
    }
    if (!task?.run) return this.#unknownTask(envelope)
    if (judge(delivery.deliveryCount) === 'dead') {
      const error = describeError(
        new TqError('TASK_CRASHED', `Its workers lost it ${(delivery.deliveryCount ?? 1) - 1} times.`),
      )
      return { type: 'dead', error, reason: 'lost too many leases' }
    }
    return undefined
  }

  /** During a deploy a newer worker may know it: it waits for one, but not for ever. */
  #unknownTask(envelope: Envelope): Outcome {
    const misses = envelope.misses ?? 0
    if (misses < maxMisses) {
      this.#runtime.logger.warn(
        `task '${envelope.task}' is not known to this worker; it waits for one that knows it`,
        { id: envelope.id, misses },
      )
      return { type: 'forward', delayMs: missDelay(misses), misses: misses + 1 }
    }
    const error = describeError(
      new TqError('UNKNOWN_TASK', `No worker of queue '${this.#queue}' knows task '${envelope.task}'.`),
    )
    return { type: 'dead', error, reason: 'unknown task' }
  }

  #quarantine(delivery: Delivery, thrown: unknown): CommitItem {
    const error = describeError(thrown)
    this.#runtime.logger.error(
      `queue '${this.#queue}': a message cannot be read; it goes to the dead letters`,
      { id: delivery.message.id, reason: error.message },
    )
    const letter = deadLetter(
      this.#queue,
      delivery.message,
      'unreadable message',
      error,
      this.#runtime.clock.now(),
    )
    return { lease: delivery.lease, publish: [letter] }
  }
}

function fromVerdict(delivery: Delivery, { epoch = 0 }: Envelope): ClaimOutcome | undefined {
  if (delivery.verdict === undefined) return undefined
  // Where the broker fences strictly, the number of deliveries rises with every owner of a message: on top of what
  // earlier messages of the task used, it is the epoch.
  return delivery.verdict === 'run' ? { epoch: epoch + (delivery.deliveryCount ?? 1) } : delivery.verdict
}
