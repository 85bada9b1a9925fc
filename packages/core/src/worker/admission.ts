import { randomUUID } from 'node:crypto'
import type { Backend, ClaimOutcome } from '../contracts/backend.ts'
import type { CommitItem, Delivery } from '../contracts/broker.ts'
import type { Millis } from '../contracts/time.ts'
import { describeError, type TaskErrorInfo } from '../errors/task-errors.ts'
import { TqError } from '../errors/tq-error.ts'
import { judge, maxMisses, missDelay } from '../policy/poison.ts'
import { readDetail } from '../runtime/record-detail.ts'
import type { Connection, Runtime } from '../runtime/runtime.ts'
import { type Envelope, fromBody } from '../task/envelope.ts'
import type { TaskDefinition } from '../task/task.ts'
import { resolveTaskPolicy } from '../task/task-policy.ts'
import type { Job } from './job.ts'
import type { Outcome } from './outcome.ts'
import { deadLetter } from './settle.ts'

/** A message that is settled without running. */
export type Refusal =
  | { readonly job: Job; readonly outcome: Outcome }
  /** Only a dead letter is left to send: it cannot be read, or has failed before. */
  | { readonly job: undefined; readonly item: CommitItem }

/** What became of a batch. */
export interface Admitted {
  readonly jobs: readonly Job[]
  readonly refused: readonly Refusal[]
}

interface Read {
  readonly delivery: Delivery
  readonly envelope: Envelope
  /** Undefined until it is known. */
  claim: ClaimOutcome | undefined
}

const rememberMs = 14 * 86_400_000

/** Decides, once per batch, which of the received messages are run here and now. */
export class Admission {
  readonly #queue: string
  readonly #runtime: Runtime
  readonly #connection: Connection
  /** Stands in for a task this worker does not know. */
  readonly #unknown: TaskDefinition

  constructor(queue: string, runtime: Runtime, connection: Connection) {
    this.#queue = queue
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

  /** Rejects when the backend cannot be asked; asking again is safe. */
  async admit(deliveries: readonly Delivery[]): Promise<Admitted> {
    const jobs: Job[] = []
    const refused: Refusal[] = []
    const readable: Read[] = []
    let open = false
    for (const delivery of deliveries) {
      try {
        const { body, headers } = delivery.message
        const envelope = fromBody(body, headers, this.#runtime.codec)
        const claim = this.#told(delivery, envelope)
        if (claim === undefined) open = true
        readable.push({ delivery, envelope, claim })
      } catch (error) {
        refused.push({ job: undefined, item: this.#quarantine(delivery, error) })
      }
    }
    if (open) await this.#claim(readable.filter(({ claim }) => claim === undefined))
    const failures = open ? await this.#failuresAmong(readable) : undefined
    const receivedAt = this.#runtime.clock.monotonic()
    for (const read of readable) {
      const failure = failures?.get(read)
      if (failure) {
        refused.push({ job: undefined, item: this.#deadLetter(read.delivery, 'failed before', failure) })
        continue
      }
      const { claim = 'superseded' } = read
      const job = this.#toJob(read, claim, receivedAt)
      const outcome: Outcome | undefined = typeof claim === 'string' ? { type: 'drop' } : this.#refusal(job)
      if (outcome) refused.push({ job, outcome })
      else jobs.push(job)
    }
    return { jobs, refused }
  }

  #toJob({ delivery, envelope }: Read, claim: ClaimOutcome, receivedAt: Millis): Job {
    return {
      delivery,
      envelope,
      task: this.#runtime.registry.get(envelope.task) ?? this.#unknown,
      queue: this.#queue,
      epoch: typeof claim === 'object' ? claim.epoch : 0,
      receivedAt,
      suspect: judge(delivery.deliveryCount) === 'suspect' || (envelope.crashes ?? 0) > 0,
      lost: false,
      context: undefined,
    }
  }

  /** The right to run it, where nobody has to be asked for it. */
  #told(delivery: Delivery, envelope: Envelope): ClaimOutcome | undefined {
    const { backend, oneStore } = this.#connection
    if (!backend) return { epoch: 0 }
    // A broker speaks for its own store; with another backend it knows nothing of the records.
    return oneStore ? fromVerdict(delivery, envelope) : undefined
  }

  async #claim(read: readonly Read[]): Promise<void> {
    const claims = await this.#connection.backend?.results.claim(
      read.map(({ envelope: { id, generation, attempt } }) => ({
        id,
        generation,
        attempt,
        runId: randomUUID(),
        ttlMs: rememberMs,
      })),
    )
    for (const [index, one] of read.entries()) one.claim = claims?.[index]
  }

  /**
   * Of the messages whose task has ended, those that ended in FAILURE: where settling goes in steps, their worker may
   * have died between storing that and sending the dead letter.
   */
  async #failuresAmong(read: readonly Read[]): Promise<ReadonlyMap<Read, TaskErrorInfo>> {
    const failures = new Map<Read, TaskErrorInfo>()
    const { backend, oneStore } = this.#connection
    const over = read.filter(({ claim }) => claim === 'terminal')
    if (over.length === 0 || oneStore || !backend) return failures
    const records = await recordsOf(backend, over)
    for (const [index, one] of over.entries()) {
      const record = records[index]
      if (record?.state !== 'FAILURE' || record.generation !== one.envelope.generation) continue
      failures.set(one, readDetail(record).error ?? { name: 'Error', message: 'no reason was kept' })
    }
    return failures
  }

  /** Why a job is not run now; undefined when it is. */
  #refusal({ envelope, delivery, task }: Job): Outcome | undefined {
    if (envelope.delayLeftMs !== undefined && envelope.delayLeftMs > 0) {
      return { type: 'forward', delayMs: 0, delayLeftMs: envelope.delayLeftMs }
    }
    if (!task.run) return this.#unknownTask(envelope)
    if (judge(delivery.deliveryCount) !== 'dead') return undefined
    const losses = (delivery.deliveryCount ?? 1) - 1
    const error = describeError(new TqError('TASK_CRASHED', `Its workers lost it ${losses} times.`))
    return { type: 'dead', error, reason: 'lost too many leases' }
  }

  /** During a deploy a newer worker may know it: it waits for one, but not for ever. */
  #unknownTask({ task, id, misses = 0 }: Envelope): Outcome {
    if (misses < maxMisses) {
      this.#runtime.logger.warn(
        `task '${task}' is not known to this worker; it waits for one that knows it`,
        {
          id,
          misses,
        },
      )
      return { type: 'forward', delayMs: missDelay(misses), misses: misses + 1 }
    }
    const message = `No worker of queue '${this.#queue}' knows task '${task}'.`
    return {
      type: 'dead',
      error: describeError(new TqError('UNKNOWN_TASK', message)),
      reason: 'unknown task',
    }
  }

  #quarantine(delivery: Delivery, thrown: unknown): CommitItem {
    const error = describeError(thrown)
    this.#runtime.logger.error(
      `queue '${this.#queue}': a message cannot be read; it goes to the dead letters`,
      {
        id: delivery.message.id,
        reason: error.message,
      },
    )
    return this.#deadLetter(delivery, 'unreadable message', error)
  }

  #deadLetter({ message, lease }: Delivery, reason: string, error: TaskErrorInfo): CommitItem {
    return { lease, publish: [deadLetter(this.#queue, message, reason, error, this.#runtime.clock.now())] }
  }
}

function recordsOf(backend: Backend, read: readonly Read[]) {
  return backend.results.get(read.map(({ envelope }) => envelope.id))
}

function fromVerdict(delivery: Delivery, { epoch = 0 }: Envelope): ClaimOutcome | undefined {
  if (delivery.verdict === undefined) return undefined
  // Where the broker fences strictly, the number of deliveries rises with every owner of a message: on top of what
  // earlier messages of the task used, it is the epoch.
  return delivery.verdict === 'run' ? { epoch: epoch + (delivery.deliveryCount ?? 1) } : delivery.verdict
}
