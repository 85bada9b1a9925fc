import { randomUUID } from 'node:crypto'
import type { ClaimOutcome } from '../contracts/backend.ts'
import type { Delivery } from '../contracts/broker.ts'
import type { Millis } from '../contracts/time.ts'
import { describeError } from '../errors/task-errors.ts'
import { TqError } from '../errors/tq-error.ts'
import { isDead, isSuspect, maxMisses, missDelay } from '../policy/poison.ts'
import { lateCopiesMs } from '../runtime/late-copies.ts'
import type { Connection, Runtime } from '../runtime/runtime.ts'
import { type Envelope, fromBody } from '../task/envelope.ts'
import type { TaskDefinition } from '../task/task.ts'
import { resolveTaskPolicy } from '../task/task-policy.ts'
import { inputsOf, revokedWorkflows } from './flow-admission.ts'
import type { Job } from './job.ts'
import { Leftovers, type Read } from './leftovers.ts'
import type { LimitGate } from './limits/limit-gate.ts'
import type { Outcome } from './outcome.ts'
import type { SettleItem } from './settle/settlement.ts'
import { givenUp } from './suspect-starts.ts'

/** A message that is settled without running. */
export type Refusal =
  | { readonly job: Job; readonly outcome: Outcome }
  /** It cannot be read, or has ended before: a dead letter may be left to send, or what follows it to be driven. */
  | { readonly job: undefined; readonly item: SettleItem }

/** What became of a batch. */
export interface Admitted {
  readonly jobs: readonly Job[]
  readonly refused: readonly Refusal[]
}

/** Decides, once per batch, which of the received messages are run here and now. */
export class Admission {
  readonly #queue: string
  readonly #runtime: Runtime
  readonly #connection: Connection
  readonly #gate: LimitGate | undefined
  readonly #leftovers: Leftovers
  /** Whether messages may be changed while they wait. */
  readonly #changeable: boolean
  /** Stands in for a task this worker does not know. */
  readonly #unknown: TaskDefinition

  constructor(queue: string, runtime: Runtime, connection: Connection, gate: LimitGate | undefined) {
    this.#queue = queue
    this.#gate = gate
    this.#runtime = runtime
    this.#connection = connection
    this.#leftovers = new Leftovers(queue, runtime, connection)
    this.#changeable = connection.broker.admin?.change !== undefined
    this.#unknown = {
      name: 'unknown',
      input: undefined,
      output: undefined,
      policy: resolveTaskPolicy({}, runtime.settings.defaults, 'unknown task'),
      run: undefined,
    }
  }

  /**
   * Rejects when the backend cannot be asked; asking again is safe.
   *
   * @param leasedAt When they were handed over, by the monotonic clock.
   */
  async admit(deliveries: readonly Delivery[], leasedAt: Millis): Promise<Admitted> {
    const refused: Refusal[] = []
    const readable: Read[] = []
    for (const delivery of deliveries) {
      try {
        const { body, headers } = delivery.message
        const envelope = fromBody(body, headers, this.#runtime.codec)
        readable.push({ delivery, envelope: this.#asQueued(envelope, delivery) })
      } catch (error) {
        refused.push({ job: undefined, item: this.#leftovers.quarantine(delivery, error) })
      }
    }
    const claims = await this.#claim(readable)
    const failures = await this.#leftovers.failuresAmong(readable, claims)
    const claimed = readable.filter((_, index) => typeof claims[index] === 'object')
    const { revoked, inputs } = await this.#partsElsewhere(claimed)
    const jobs: Job[] = []
    const receivedAt = this.#runtime.clock.monotonic()
    for (const [index, read] of readable.entries()) {
      const claim = claims[index] ?? 'superseded'
      const ended = this.#leftovers.ofEnded(read, claim, failures.get(read))
      if (ended) {
        refused.push({ job: undefined, item: ended })
        continue
      }
      const { envelope } = read
      const input = inputs.has(envelope) ? inputs.get(envelope) : envelope.input
      const job = this.#toJob(read, claim, input, leasedAt, receivedAt)
      const outcome: Outcome | undefined =
        typeof claim === 'string'
          ? { type: 'drop', revoked: claim === 'revoked' }
          : (this.#refusal(job, revoked) ?? this.#withoutInput(job))
      if (outcome) {
        refused.push({ job, outcome })
        this.#gate?.turnedAway(job)
      } else jobs.push(job)
    }
    return { jobs: this.#gate ? await this.#withinLimits(this.#gate, jobs, refused) : jobs, refused }
  }

  /** With the priority it was given while it waited: its retries keep that. */
  #asQueued(envelope: Envelope, { message: { priority } }: Delivery): Envelope {
    if (!this.#changeable || priority === (envelope.priority ?? 4)) return envelope
    return { ...envelope, priority }
  }

  async #withinLimits(gate: LimitGate, jobs: readonly Job[], refused: Refusal[]): Promise<readonly Job[]> {
    const limited = ({ task: { policy } }: Job) =>
      policy.rate !== undefined || policy.concurrency !== undefined
    const outcomes = await Promise.all(jobs.map((job) => (limited(job) ? gate.refusal(job) : undefined)))
    for (const [index, job] of jobs.entries()) {
      const outcome = outcomes[index]
      if (outcome) refused.push({ job, outcome })
    }
    return jobs.filter((_, index) => !outcomes[index])
  }

  /** What has to be asked for parts of workflows and for large inputs; most batches have none. */
  async #partsElsewhere(claimed: readonly Read[]) {
    const { backend, payloads } = this.#connection
    const envelopes = claimed.flatMap(({ envelope }) => (envelope.flow || envelope.payload ? [envelope] : []))
    const revoked = await revokedWorkflows(backend, envelopes)
    // Those that only pass through, on their way to another time or another worker, need nothing.
    const runnable = envelopes.filter(
      ({ task, delayLeftMs = 0 }) => delayLeftMs === 0 && this.#runtime.registry.get(task)?.run,
    )
    return { revoked, inputs: await inputsOf(backend, payloads, runnable) }
  }

  /** Its input was kept outside its message, and cannot be had. */
  #withoutInput({ envelope, input }: Job): Outcome | undefined {
    if (!(input instanceof TqError)) return undefined
    const { id, task, misses = 0 } = envelope
    const { code, message } = input
    if (code === 'PAYLOAD_STORE_UNKNOWN' && misses < maxMisses) {
      this.#runtime.logger.warn(`task '${task}' waits for a worker that can read its input: ${message}`, {
        id,
      })
      return { type: 'forward', delayMs: missDelay(misses), misses: misses + 1 }
    }
    this.#runtime.logger.error(`task '${task}' cannot run: ${message}`, { id, code })
    return { type: 'dead', error: describeError(input), reason: 'payload missing' }
  }

  #toJob(
    { delivery, envelope }: Read,
    claim: ClaimOutcome,
    input: unknown,
    leasedAt: Millis,
    receivedAt: Millis,
  ): Job {
    return {
      delivery,
      envelope,
      input,
      task: this.#runtime.registry.get(envelope.task) ?? this.#unknown,
      queue: this.#queue,
      epoch: typeof claim === 'object' ? claim.epoch : 0,
      leasedAt,
      receivedAt,
      suspect: isSuspect(delivery.deliveryCount) || (envelope.crashes ?? 0) > 0,
      lost: false,
      context: undefined,
    }
  }

  /** The right to run each: told by the delivery where broker and backend are one store, asked of the backend else. */
  async #claim(read: readonly Read[]): Promise<readonly ClaimOutcome[]> {
    const { backend, oneStore } = this.#connection
    if (!backend) return read.map(() => ({ epoch: 0 }))
    // A broker speaks for its own store; with another backend it knows nothing of the records.
    // A part of a workflow is settled in steps, which only a claim fences.
    const told = read.map(({ delivery, envelope }) =>
      oneStore && !envelope.flow ? fromVerdict(delivery, envelope) : undefined,
    )
    const open = read.filter((_, index) => told[index] === undefined)
    if (open.length === 0) return told as readonly ClaimOutcome[]
    const claims = await backend.results.claim(
      open.map(({ envelope: { id, generation, attempt } }) => ({
        id,
        generation,
        attempt,
        runId: randomUUID(),
        ttlMs: lateCopiesMs,
      })),
    )
    let next = 0
    return told.map((outcome) => outcome ?? claims[next++] ?? 'superseded')
  }

  /** Why a job is not run now; undefined when it is. */
  #refusal({ envelope, delivery, task }: Job, revokedRoots: ReadonlySet<string>): Outcome | undefined {
    if (envelope.flow?.root !== undefined && revokedRoots.has(envelope.flow.root))
      return { type: 'revoked', reason: 'its workflow was revoked' }
    if (envelope.delayLeftMs !== undefined && envelope.delayLeftMs > 0) {
      return { type: 'forward', delayMs: 0, delayLeftMs: envelope.delayLeftMs }
    }
    if (!task.run) return this.#unknownTask(envelope)
    const { deliveryCount = 1 } = delivery
    const startsAreCounted = this.#connection.backend !== undefined
    return isDead(deliveryCount, startsAreCounted) ? givenUp(deliveryCount - 1) : undefined
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
}

function fromVerdict(delivery: Delivery, { epoch = 0 }: Envelope): ClaimOutcome | undefined {
  if (delivery.verdict === undefined) return undefined
  // Where the broker fences strictly, the number of deliveries rises with every owner of a message: on top of what
  // earlier messages of the task used, it is the epoch.
  return delivery.verdict === 'run' ? { epoch: epoch + (delivery.deliveryCount ?? 1) } : delivery.verdict
}
