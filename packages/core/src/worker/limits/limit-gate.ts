import type { Backend } from '../../contracts/backend.ts'
import type { Millis } from '../../contracts/time.ts'
import { describeError } from '../../errors/task-errors.ts'
import type { Connection, Runtime } from '../../runtime/runtime.ts'
import { type Places, placeTtlMs, type WaitingLines } from '../../runtime/waiting-lines.ts'
import { type RateLimit, type RatePolicy, resolveRate } from '../../task/limits.ts'
import type { TaskDefinition } from '../../task/task.ts'
import type { Job } from '../job.ts'
import type { Outcome } from '../outcome.ts'

const renewEveryMs: Millis = placeTtlMs / 3

/**
 * Lets a task through when it is within its limits, which count on all workers together. One over a rate limit reserves
 * its turn and is delayed until then; one over a concurrency limit waits outside the queue.
 */
export class LimitGate {
  readonly #runtime: Runtime
  readonly #backend: Backend
  readonly #lines: WaitingLines
  /** Jobs that have a place, until they are settled. */
  readonly #inside = new Map<Job, Places>()
  /** In place of those of the definitions, by task. */
  #rates: ReadonlyMap<string, RatePolicy> = new Map()
  #cancelTimer: (() => void) | undefined

  constructor(runtime: Runtime, backend: Backend, lines: WaitingLines) {
    this.#runtime = runtime
    this.#backend = backend
    this.#lines = lines
  }

  /** Why a job does not run now; undefined when it does. */
  async refusal(job: Job): Promise<Outcome | undefined> {
    const rate = job.task.policy.rate && (this.#rates.get(job.task.name) ?? job.task.policy.rate)
    let places: Places | undefined
    try {
      places = placesOf(job.task, job.input)
      if (places && !(await this.#lines.enter(places, job.envelope.id))) return { type: 'wait', places }
      if (rate && !job.envelope.paced) {
        const { limit, windowMs } = rate
        const key = `rate:${keyOf(rate.keyOf, job.input)}`
        const waitMs = await this.#backend.state.take(key, { limit, windowMs, cost: 1, reserve: true })
        if (waitMs > 0) {
          if (places) await this.#lines.leave(places, job.envelope.id)
          return { type: 'forward', delayMs: waitMs, paced: true }
        }
      }
    } catch (error) {
      if (!(error instanceof KeyError)) throw error
      return { type: 'dead', error: describeError(error.cause), reason: 'the key of its limit threw' }
    }
    if (places) this.#keep(job, places)
    return undefined
  }

  /** Other rates than those of the definitions, by task; what they are counted by stays. */
  override(rates: ReadonlyMap<string, string>): void {
    const known = new Map<string, RatePolicy>()
    for (const { name, policy } of this.#runtime.registry.all()) {
      const other = policy.rate && parseSafely(rates.get(name), name)
      if (other) known.set(name, { ...policy.rate, limit: other.limit, windowMs: other.windowMs })
    }
    this.#rates = known
  }

  /** The job is settled: its place is free, unless another run of the task has it now. */
  left(job: Job): void {
    const places = this.#inside.get(job)
    if (!places) return
    const free = () => {
      this.#inside.delete(job)
      if (!job.lost) this.#leave(places, job.envelope.id)
    }
    const running = job.context?.running
    // A handler past its time limit goes on, and keeps its place until it returns.
    if (running === undefined) free()
    else void running.then(free, free)
  }

  /** A task that was called and is not run after all. */
  turnedAway({ task, input, envelope }: Job): void {
    if (!task.policy.concurrency) return
    try {
      const places = placesOf(task, input)
      if (places) this.#leave(places, envelope.id)
    } catch {
      // Its key cannot be told, so it never had a place.
    }
  }

  stop(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#inside.clear()
  }

  #keep(job: Job, places: Places): void {
    this.#inside.set(job, places)
    this.#cancelTimer ??= this.#runtime.clock.setTimer(renewEveryMs, () => void this.#renew(), {
      background: true,
    })
  }

  async #renew(): Promise<void> {
    for (const job of this.#inside.keys()) if (job.lost) this.#inside.delete(job)
    const staying = [...this.#inside].map(([job, places]) => this.#lines.stay(places, job.envelope.id))
    for (const outcome of await Promise.allSettled(staying)) {
      if (outcome.status === 'rejected')
        this.#runtime.logger.debug('a place could not be renewed', { error: String(outcome.reason) })
    }
    this.#cancelTimer = undefined
    if (this.#inside.size > 0)
      this.#cancelTimer = this.#runtime.clock.setTimer(renewEveryMs, () => void this.#renew(), {
        background: true,
      })
  }

  #leave(places: Places, taskId: string): void {
    this.#lines.leave(places, taskId).catch((error: unknown) => {
      this.#runtime.logger.warn('a place could not be given up; it is free in a minute', {
        key: places.key,
        error: String(error),
      })
    })
  }
}

/** Undefined for what a newer version may have written. */
function parseSafely(text: string | undefined, task: string): RatePolicy | undefined {
  try {
    return resolveRate(text as RateLimit<never> | undefined, task, `task '${task}'`)
  } catch {
    return undefined
  }
}

/** Undefined where no task of this app has a limit. */
export function limitGate(runtime: Runtime, { backend, lines }: Connection): LimitGate | undefined {
  const limited = runtime.registry.all().some(({ policy }) => policy.rate ?? policy.concurrency)
  return limited && backend && lines ? new LimitGate(runtime, backend, lines) : undefined
}

/** The application's key function threw: the task's fault, not the service's. */
class KeyError extends Error {}

function placesOf({ policy: { concurrency } }: TaskDefinition, input: unknown): Places | undefined {
  if (!concurrency) return undefined
  return { key: keyOf(concurrency.keyOf, input), limit: concurrency.limit }
}

function keyOf(key: (input: unknown) => string, input: unknown): string {
  try {
    return key(input)
  } catch (cause) {
    throw new KeyError('the key of a limit threw', { cause })
  }
}
