import type { Broker } from '../contracts/broker.ts'
import type { Clock, Millis } from '../contracts/time.ts'
import { TimeLimitExceeded } from '../errors/task-errors.ts'
import type { ActiveRun } from './active-run.ts'
import { orRaise } from './requirements.ts'

/**
 * Ends runs that their service will not let go on: its leases end after `maxLeaseMs`, however often they are renewed. Such
 * a task would be taken away and run once more, and again, until it has lost too many leases. Ended while that can still
 * be settled, it fails once, and says why.
 */
export class LeaseEnd {
  readonly #clock: Clock
  readonly #runMs: Millis
  readonly #everyMs: Millis
  readonly #error: () => TimeLimitExceeded
  readonly #active: Iterable<ActiveRun>
  readonly #onEnd: (run: ActiveRun, error: TimeLimitExceeded) => void
  #cancel = () => {}

  /** @param leaseMs Twice that before the end, or a tenth of the whole, is left for settling. */
  constructor(
    clock: Clock,
    { name, capabilities }: Pick<Broker, 'name' | 'capabilities'>,
    leaseMs: Millis,
    active: Iterable<ActiveRun>,
    onEnd: (run: ActiveRun, error: TimeLimitExceeded) => void,
  ) {
    const { maxLeaseMs } = capabilities
    const marginMs = Math.min(2 * leaseMs, maxLeaseMs / 10)
    this.#clock = clock
    this.#runMs = maxLeaseMs - marginMs
    this.#everyMs = marginMs / 4
    this.#active = active
    this.#onEnd = onEnd
    this.#error = () =>
      new TimeLimitExceeded(
        this.#runMs,
        `${name} lets a worker hold a task for at most ${maxLeaseMs} ms, and it was still running. Make it several tasks, and give each a timeLimit${orRaise(capabilities)}.`,
      )
  }

  /** Looks from time to time, where leases end at all. */
  start(): void {
    if (this.#runMs === Number.POSITIVE_INFINITY) return
    this.#cancel = this.#clock.setTimer(this.#everyMs, () => this.#look(), { background: true })
  }

  stop(): void {
    this.#cancel()
  }

  #look(): void {
    const over = this.#clock.monotonic() - this.#runMs
    for (const run of [...this.#active]) {
      const { job, decided } = run
      if (decided || job.lost || job.leasedAt > over) continue
      // What was acknowledged before it ran has no lease.
      if (job.task.policy.acknowledge === 'before') continue
      this.#onEnd(run, this.#error())
    }
    this.start()
  }
}
