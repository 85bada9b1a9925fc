import type { Clock, Millis } from '../contracts/time.ts'
import type { ActiveRun } from './active-run.ts'
import type { Job } from './job.ts'
import type { QueueSession } from './queue-session.ts'
import type { WorkerQueues } from './worker-queues.ts'

/** Work read ahead goes back to the queue when no slot came free for this long: others may have one. */
const longestWaitMs: Millis = 500
const patrolEveryMs: Millis = 250
/** How long a suspect waits to have the process to itself; then it runs beside the others. */
const longestSuspectWaitMs: Millis = 30_000

/** What slots need to know, and whom they tell that a task may start. */
export interface SlotsHost {
  readonly clock: Clock
  /** Whether a suspect can run in a process of its own, and so beside others. */
  readonly isolates: boolean
  start(session: QueueSession, job: Job): void
}

/** Which leased task starts when: a slot for each, work read ahead for the next, and suspects alone. */
export class Slots {
  /** In the order they started. */
  readonly active = new Set<ActiveRun>()
  concurrency: number
  readonly #queues: WorkerQueues
  readonly #host: SlotsHost
  /** Leased, and waiting until they can run alone. */
  readonly #suspects: { readonly session: QueueSession; readonly job: Job }[] = []
  #solo = false
  #cancelPatrol: (() => void) | undefined

  constructor(queues: WorkerQueues, concurrency: number, host: SlotsHost) {
    this.#queues = queues
    this.concurrency = concurrency
    this.#host = host
  }

  /** Tasks leased and waiting for a slot. */
  get reserved(): number {
    let sum = this.#suspects.length
    for (const { ready } of this.#queues.sessions) sum += ready.length
    return sum
  }

  /** The same, named. */
  *waiting(): Generator<Job> {
    for (const { ready } of this.#queues.sessions) yield* ready
    for (const { job } of this.#suspects) yield job
  }

  /** How many more tasks may be taken from a queue now. */
  room(session: QueueSession): number {
    if (this.#solo || !this.#queues.takes(session)) return 0
    const ahead = session.readAhead.room
    const whole = this.concurrency + ahead
    const room = whole - this.active.size - this.reserved
    if (ahead === 0) return Math.max(0, room)
    // By halves: one is on its way while the other is worked off. Less only when there is nothing left to do.
    const half = Math.ceil(whole / 2)
    return room >= half ? half : this.reserved === 0 ? Math.max(0, room) : 0
  }

  /** Starts what is ready, as far as there are slots. */
  fill(): void {
    this.#queues.releaseIdle()
    this.#startSuspect()
    this.#startReady()
    if (!this.#cancelPatrol && this.reserved > 0) this.#planPatrol()
  }

  taken(run: ActiveRun): void {
    this.active.add(run)
  }

  freed(run: ActiveRun): void {
    this.active.delete(run)
    this.#solo = false
  }

  /** Everything not started goes back to its queue. */
  giveBack(): void {
    for (const session of this.#queues.sessions) session.releaseReady()
    for (const { session, job } of this.#suspects.splice(0)) session.release(job)
  }

  close(): void {
    this.#cancelPatrol?.()
  }

  /** A task that may bring its process down and cannot be isolated: alone, if that is possible in reasonable time. */
  #startSuspect(): void {
    const [first] = this.#suspects
    if (!first || this.#solo || this.active.size >= this.concurrency) return
    const idle = this.active.size === 0
    const waited = this.#host.clock.monotonic() - first.job.receivedAt
    if (!idle && waited < longestSuspectWaitMs) return
    this.#suspects.shift()
    this.#solo = idle && !first.job.lost
    if (!first.job.lost) this.#host.start(first.session, first.job)
  }

  #startReady(): void {
    for (const session of this.#queues.sessions) {
      while (session.ready.length > 0 && this.active.size < this.concurrency && !this.#solo) {
        const job = session.ready[0] as Job
        if (!session.mayStart(job)) break
        session.ready.shift()
        if (job.suspect && !this.#host.isolates) {
          // The others do not wait for it.
          this.#suspects.push({ session, job })
          this.#startSuspect()
        } else this.#host.start(session, job)
      }
    }
  }

  #planPatrol(): void {
    const look = () => this.#patrol()
    this.#cancelPatrol = this.#host.clock.setTimer(patrolEveryMs, look, { background: true })
  }

  /** Gives back what waits too long beside busy slots. */
  #patrol(): void {
    this.#cancelPatrol = undefined
    const now = this.#host.clock.monotonic()
    for (const session of this.#queues.sessions) {
      const oldest = session.ready[0]
      if (oldest && now - oldest.receivedAt > longestWaitMs) session.releaseReady()
    }
    this.fill()
  }
}
