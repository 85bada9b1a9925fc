import type { Backend } from '../contracts/backend.ts'
import type { Settlement } from '../contracts/broker.ts'
import { isTerminal } from '../contracts/record.ts'
import type { Millis } from '../contracts/time.ts'
import { describeError, type TaskErrorInfo } from '../errors/task-errors.ts'
import type { TaskEvent } from '../runtime/events.ts'
import type { Connection, Runtime } from '../runtime/runtime.ts'
import { dropUnique } from '../runtime/unique-lock.ts'
import { DeadLetterUpkeep } from './dead-letter-upkeep.ts'
import type { Job } from './job.ts'
import type { Outcome } from './outcome.ts'
import type { TaskCounter } from './task-counter.ts'

/** What a worker does about a task that has started or ended: counts it, tells listeners, frees its unique key. */
export class OutcomeTeller {
  readonly #runtime: Runtime
  readonly #backend: Backend | undefined
  readonly #counter: TaskCounter
  readonly #deadLetters: DeadLetterUpkeep

  constructor(runtime: Runtime, { backend }: Connection, counter: TaskCounter) {
    this.#runtime = runtime
    this.#backend = backend
    this.#counter = counter
    this.#deadLetters = new DeadLetterUpkeep(runtime)
  }

  started(job: Job): void {
    this.#counter.started()
    this.#runtime.events.emit('started', () => toEvent(job))
  }

  settled(job: Job, outcome: Outcome, settlement: Settlement, runtimeMs: Millis): void {
    const { events } = this.#runtime
    if (settlement === 'lost' || outcome.type === 'lost') {
      events.emit('lost', () => toEvent(job))
      return
    }
    if (job.envelope.unique !== undefined) {
      void this.#releaseUnique(job, job.envelope.unique, outcome, settlement)
    }
    if (settlement === 'stale') {
      this.#counter.ended(job.envelope.task, 'revoked', runtimeMs)
      events.emit('revoked', () => ({ ...toEvent(job), reason: 'revoked while it ran' }))
    } else this.#tell(job, outcome, runtimeMs)
  }

  async stop(): Promise<void> {
    await this.#deadLetters.stop()
  }

  #tell(job: Job, outcome: Outcome, runtimeMs: Millis): void {
    const { events } = this.#runtime
    if (outcome.type === 'done') {
      this.#counter.ended(job.envelope.task, 'succeeded', runtimeMs)
      events.emit('succeeded', () => ({ ...toEvent(job), runtimeMs }))
    } else if (outcome.type === 'retry') {
      const { error, delayMs } = outcome
      this.#counter.ended(job.envelope.task, 'retried', runtimeMs)
      events.emit('retried', () => ({ ...toEvent(job), error, delayMs, runtimeMs }))
    } else if (outcome.type === 'dead') {
      const { error, reason } = outcome
      this.#counter.ended(job.envelope.task, 'failed', runtimeMs)
      this.#deadLetters.added(job.queue)
      if (!events.heard('failed')) this.#logFailure(job, error, reason)
      events.emit('failed', () => ({ ...toEvent(job), error, reason, runtimeMs }))
    } else if (outcome.type === 'revoked') {
      this.#counter.ended(job.envelope.task, 'revoked', runtimeMs)
      events.emit('revoked', () => ({ ...toEvent(job), reason: outcome.reason }))
    }
  }

  /** A failure that nobody listens for must not pass in silence. */
  #logFailure({ envelope }: Job, error: TaskErrorInfo, reason: string): void {
    this.#runtime.logger.error(`task '${envelope.task}' failed: ${error.name}: ${error.message}`, {
      id: envelope.id,
      reason,
    })
  }

  async #releaseUnique(
    { envelope: { id } }: Job,
    unique: string,
    outcome: Outcome,
    settlement: Settlement,
  ): Promise<void> {
    const backend = this.#backend
    if (!backend) return
    const ours = settlement === 'ok' && ['done', 'dead', 'revoked'].includes(outcome.type)
    try {
      // Refused or dropped: the task may have ended, or a newer run of it may hold the key.
      if (ours || (await hasEnded(backend, id))) await dropUnique(backend, unique, id)
    } catch (error) {
      // The next sender finds the holder ended, and takes the key over.
      this.#runtime.logger.warn('a unique key could not be given back', {
        id,
        error: describeError(error).message,
      })
    }
  }
}

async function hasEnded(backend: Backend, id: string): Promise<boolean> {
  const [record] = await backend.results.get([id])
  return record !== undefined && isTerminal(record.state)
}

function toEvent({ envelope, queue }: Job): TaskEvent {
  return { id: envelope.id, name: envelope.task, queue, attempt: envelope.attempt }
}
