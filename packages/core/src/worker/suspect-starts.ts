import type { Backend } from '../contracts/backend.ts'
import type { Logger } from '../contracts/logger.ts'
import { describeError } from '../errors/task-errors.ts'
import { TqError } from '../errors/tq-error.ts'
import { judge, mostSuspectStarts } from '../policy/poison.ts'
import { lateCopiesMs } from '../runtime/late-copies.ts'
import type { Job } from './job.ts'
import type { Outcome } from './outcome.ts'

/**
 * Counts how often tasks that may take their workers down have started and not ended in the same hands. By lost leases
 * alone, one that only ever waited in workers that died of something else would be given up without having run.
 */
export class SuspectStarts {
  readonly #backend: Backend | undefined
  readonly #logger: Logger

  constructor(backend: Backend | undefined, logger: Logger) {
    this.#backend = backend
    this.#logger = logger
  }

  /** Counts this start. Why it must not run; undefined when it may. Never rejects. */
  async refusal(job: Job): Promise<Outcome | undefined> {
    const { state } = this.#backend ?? {}
    const { deliveryCount } = job.delivery
    if (!state || judge(deliveryCount, true) !== 'suspect') return undefined
    const key = keyOf(job)
    try {
      const [counted] = await state.counted([key])
      const { starts = 0, ends = 0 } = counted ?? {}
      if (starts - ends >= mostSuspectStarts) return givenUp((deliveryCount ?? 1) - 1)
      await state.count(key, { starts: 1 }, { ttlMs: lateCopiesMs })
    } catch (error) {
      // Not held up for it: what it costs is one more start.
      this.#warn(job, error)
    }
    return undefined
  }

  /** It has run, and its lease was kept: this worker has survived it. */
  survived(job: Job): void {
    if (!this.#backend || judge(job.delivery.deliveryCount, true) !== 'suspect') return
    this.#backend.state
      .count(keyOf(job), { ends: 1 }, { ttlMs: lateCopiesMs })
      .catch((error: unknown) => this.#warn(job, error))
  }

  #warn({ envelope: { id } }: Job, error: unknown): void {
    this.#logger.warn('the start of a suspect could not be counted', { id, error: String(error) })
  }
}

/** Each attempt has a message of its own, and begins anew. */
const keyOf = ({ envelope: { id, generation, attempt } }: Job): string =>
  `suspect:${id}:${generation}:${attempt}`

/** @param losses How many leases it has lost. */
export function givenUp(losses: number): Outcome {
  const error = describeError(new TqError('TASK_CRASHED', `Its workers lost it ${losses} times.`))
  return { type: 'dead', error, reason: 'lost too many leases' }
}
