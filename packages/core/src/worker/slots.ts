import type { Clock, Millis } from '../contracts/time.ts'
import type { ActiveRun } from './active-run.ts'
import type { Job } from './job.ts'
import type { QueueSession } from './queue-session.ts'
import { Solo } from './solo.ts'
import type { WorkerQueues } from './worker-queues.ts'

/** Work read ahead goes back to the queue when no slot came free for this long: others may have one. */
const longestWaitMs: Millis = 500
const patrolEveryMs: Millis = 250

/** What slots need to know, and whom they tell what. */
export interface SlotsHost {
  readonly clock: Clock
  /** Whether a suspect can run in a process of its own, and so beside others. */
  readonly isolates: boolean
  start(session: QueueSession, job: Job): void
  /** Receives under way are to end: what they bring would be held beside a suspect. */
  stopReceiving(): void
  /** There may be room again although no run has ended. */
  roomMade(): void
}

interface Held {
  readonly session: QueueSession
  readonly job: Job
}

/** Which leased task starts when: a slot for each, work read ahead for the next, and suspects alone. */
export class Slots {
  /** In the order they started. */
  readonly active = new Set<ActiveRun>()
  concurrency: number
  readonly #queues: WorkerQueues
  readonly #host: SlotsHost
  readonly #solo: Solo
  /** Starts when nothing else is held. */
  #suspect: Held | undefined
  #cancelPatrol: (() => void) | undefined

  constructor(queues: WorkerQueues, concurrency: number, host: SlotsHost) {
    this.#queues = queues
    this.concurrency = concurrency
    this.#host = host
    this.#solo = new Solo(host.clock)
  }

  /** Tasks leased and waiting for a slot. */
  get reserved(): number {
    let sum = this.#suspect ? 1 : 0
    for (const { ready } of this.#queues.sessions) sum += ready.length
    return sum
  }

  /** The same, named. */
  *waiting(): Generator<Job> {
    for (const { ready } of this.#queues.sessions) yield* ready
    if (this.#suspect) yield this.#suspect.job
  }

  /** How many more tasks may be taken from a queue now. */
  room(session: QueueSession): number {
    if (this.#solo.isGivenOver() || !this.#queues.takes(session)) return 0
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
    // Before others take the slots: it may have waited long enough to run beside them.
    this.#startSuspect()
    if (!this.#solo.isGivenOver()) this.#startReady()
    if (this.#solo.isGivenOver()) {
      this.#holdNothingElse()
      this.#startSuspect()
    }
    if (!this.#cancelPatrol && (this.reserved > 0 || this.#solo.isGivenOver())) this.#planPatrol()
  }

  started(run: ActiveRun): void {
    this.active.add(run)
  }

  ended(run: ActiveRun): void {
    this.active.delete(run)
    this.#solo.end(run.job)
  }

  /** A lease is no longer held. */
  leaseGone(): void {
    if (this.#suspect) this.fill()
  }

  /** Everything not started goes back to its queue. */
  giveBack(): void {
    for (const session of this.#queues.sessions) session.releaseReady()
    this.#dropSuspect()
  }

  /** What waits here of a queue that is left goes back to it. */
  leave(queue: string): void {
    if (this.#suspect?.session.queue === queue) this.#dropSuspect()
  }

  close(): void {
    this.#cancelPatrol?.()
  }

  #startReady(): void {
    for (const session of this.#queues.sessions) {
      while (session.ready.length > 0 && this.active.size < this.concurrency) {
        const job = session.ready[0] as Job
        if (!session.mayStart(job)) break
        session.ready.shift()
        if (job.suspect && !this.#host.isolates && !this.#suspect && this.#solo.claim(job)) {
          this.#suspect = { session, job }
          this.#host.stopReceiving()
          return
        }
        this.#host.start(session, job)
      }
    }
  }

  /** If a suspect takes this process down, nothing else may count that as a loss of its own. */
  #holdNothingElse(): void {
    for (const session of this.#queues.sessions) session.releaseReady(() => this.leaseGone())
  }

  /** Alone; or beside the others, when they have waited long enough for it. */
  #startSuspect(): void {
    if (!this.#suspect) return
    const { session, job } = this.#suspect
    if (job.lost || !this.#queues.takes(session)) {
      this.#dropSuspect()
      return
    }
    const alone = this.active.size === 0 && this.#queues.held <= 1
    const beside = !this.#solo.isGivenOver() && this.active.size < this.concurrency
    if (!(alone || beside) || !session.mayStart(job)) return
    this.#suspect = undefined
    this.#host.start(session, job)
  }

  /** It will not run here. */
  #dropSuspect(): void {
    if (!this.#suspect) return
    const { session, job } = this.#suspect
    this.#suspect = undefined
    this.#solo.end(job)
    if (!job.lost) session.release(job)
  }

  #planPatrol(): void {
    const look = () => this.#patrol()
    this.#cancelPatrol = this.#host.clock.setTimer(patrolEveryMs, look, { background: true })
  }

  /** Gives back what waits too long beside busy slots, and ends the time that a suspect has for itself. */
  #patrol(): void {
    this.#cancelPatrol = undefined
    const now = this.#host.clock.monotonic()
    for (const session of this.#queues.sessions) {
      const oldest = session.ready[0]
      if (oldest && now - oldest.receivedAt > longestWaitMs) session.releaseReady()
    }
    this.fill()
    this.#host.roomMade()
  }
}
