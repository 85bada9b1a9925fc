import type { StateStore } from '../contracts/backend.ts'
import type { Millis } from '../contracts/time.ts'
import { describeError } from '../errors/task-errors.ts'
import { TqError } from '../errors/tq-error.ts'
import { deadAfterLosses, isSuspect, mostSuspectStarts } from '../policy/poison.ts'
import { lateCopiesMs } from '../runtime/late-copies.ts'
import type { Connection, Runtime } from '../runtime/runtime.ts'
import { sleep } from '../util/sleep.ts'
import type { Job } from './job.ts'
import type { Outcome } from './outcome.ts'

/** A start is not held up for longer than this by a store that does not answer. */
const longestWaitMs: Millis = 2_000

/**
 * Counts how often tasks that may take their workers down have started without their workers living on. By lost leases
 * alone, one that only ever waited in workers that died of something else would be given up without having run.
 */
export class SuspectStarts {
  readonly #runtime: Runtime
  readonly #state: StateStore | undefined
  readonly #underWay = new Set<Promise<void>>()

  constructor(runtime: Runtime, { backend }: Connection) {
    this.#runtime = runtime
    this.#state = backend?.state
  }

  /** Counts this start. Why it must not run; undefined when it may. Never rejects. */
  async refusal(job: Job): Promise<Outcome | undefined> {
    const state = this.#stateFor(job)
    if (!state) return undefined
    const answered = new AbortController()
    const late = sleep(this.#runtime.clock, longestWaitMs, answered.signal)
    try {
      return await Promise.race([countStart(state, keyOf(job)), late.then(() => undefined)])
    } catch (error) {
      // Not held up for it: what it costs is one more start.
      this.#warn(job, error)
      return undefined
    } finally {
      answered.abort()
    }
  }

  /** Its worker lives on, whether it has ended or is given back. */
  survived(job: Job): void {
    const state = this.#stateFor(job)
    if (!state) return
    const counted = state
      .count(keyOf(job), { ends: 1 }, { ttlMs: lateCopiesMs })
      .catch((error: unknown) => this.#warn(job, error))
      .then(() => void this.#underWay.delete(counted))
    this.#underWay.add(counted)
  }

  /** Resolves when all that was counted is stored. */
  async drain(): Promise<void> {
    await Promise.all(this.#underWay)
  }

  /** Where it is counted; undefined when it is not. */
  #stateFor({ delivery }: Job): StateStore | undefined {
    return isSuspect(delivery.deliveryCount) ? this.#state : undefined
  }

  #warn({ envelope: { id } }: Job, error: unknown): void {
    this.#runtime.logger.warn('a run of a suspect could not be counted', { id, error: String(error) })
  }
}

async function countStart(state: StateStore, key: string): Promise<Outcome | undefined> {
  const [counted] = await state.counted([key])
  const { starts = 0, ends = 0 } = counted ?? {}
  if (starts - ends >= mostSuspectStarts) return givenUp(deadAfterLosses, 'while it ran')
  await state.count(key, { starts: 1 }, { ttlMs: lateCopiesMs })
  return undefined
}

/** Each attempt has a message of its own, and begins anew. */
const keyOf = ({ envelope: { id, generation, attempt } }: Job): string =>
  `suspect:${id}:${generation}:${attempt}`

/** @param when What is known of when its workers lost it. */
export function givenUp(losses: number, when = ''): Outcome {
  const message = `Its workers lost it ${losses} times ${when}`
  const error = describeError(new TqError('TASK_CRASHED', `${message.trimEnd()}.`))
  return { type: 'dead', error, reason: 'lost too many leases' }
}
