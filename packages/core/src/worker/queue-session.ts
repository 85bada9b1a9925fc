import type { Delivery, Lease, Receiver, Settlement } from '../contracts/broker.ts'
import type { Millis } from '../contracts/time.ts'
import { LeaseLost } from '../errors/task-errors.ts'
import type { Connection, Runtime } from '../runtime/runtime.ts'
import { sleep } from '../util/sleep.ts'
import { Admission, type Admitted, type Refusal } from './admission.ts'
import type { Job } from './job.ts'
import { JobSettling } from './job-settling.ts'
import type { LeaseKeeping } from './lease-keeper.ts'
import type { LimitGate } from './limits/limit-gate.ts'
import { type Line, openLine } from './line.ts'
import type { Outcome } from './outcome.ts'
import { ReadAhead } from './read-ahead.ts'
import type { ResolvedWorkerOptions } from './worker-options.ts'

/** Is told what became of a message that was settled without running. */
export type OnRefused = (job: Job, outcome: Outcome, settlement: Settlement) => void

type ReceiveHow = Parameters<Receiver['receive']>[0]

/** A receive that takes this much longer than its wait is stuck, whatever the client library says of itself. */
const stuckAfterMs: Millis = 5_000
const longestPauseMs: Millis = 1_000
/** Closing waits this long for what has finished to be settled; the leases bring back the rest. */
const lastSettlingMs: Millis = 5_000

/**
 * One queue of one worker, from open to quiet. Owns the receiver and all it holds; when the receiver fails or gets
 * stuck, everything it held is lost together and a new one takes its place.
 */
export class QueueSession {
  readonly queue: string
  readonly readAhead: ReadAhead
  /** The last time it was asked, it could not be. */
  failing = false
  /** Leased, decoded and waiting for a slot. */
  readonly ready: Job[] = []
  readonly #runtime: Runtime
  readonly #connection: Connection
  readonly #options: ResolvedWorkerOptions
  readonly #keeping: LeaseKeeping
  readonly #admission: Admission
  readonly #onRefused: OnRefused
  readonly #jobs: JobSettling
  #line: Line | undefined
  #receiving = false
  #closed = false

  constructor(
    queue: string,
    runtime: Runtime,
    connection: Connection,
    options: ResolvedWorkerOptions,
    keeping: LeaseKeeping,
    gate: LimitGate | undefined,
    onRefused: OnRefused,
  ) {
    this.queue = queue
    this.#runtime = runtime
    this.#connection = connection
    this.#options = options
    this.#keeping = keeping
    this.#onRefused = onRefused
    this.#jobs = new JobSettling(runtime, connection, gate, options.name)
    this.readAhead = new ReadAhead(options.readAhead, options.concurrency)
    this.#admission = new Admission(queue, runtime, connection, gate)
  }

  /** How many leases it holds: of what waits, of what runs, of what is being settled, and perhaps of what is on its way. */
  get held(): number {
    return (this.#line?.held.size ?? 0) + (this.#receiving ? 1 : 0)
  }

  async open(): Promise<Line> {
    this.#line = await openLine(
      this.queue,
      this.#runtime,
      this.#connection,
      this.#options,
      this.#keeping,
      (line, leases) => this.#lose(line, leases),
    )
    return this.#line
  }

  /**
   * Fetches up to `max` and puts them into `ready`. Returns how many messages came, runnable or not; undefined when the
   * queue could not be asked. Never rejects.
   */
  async receive(how: ReceiveHow): Promise<number | undefined> {
    const { signal } = how
    this.#receiving = true
    try {
      const line = this.#line ?? (await this.open())
      const deliveries = await this.#receiveInTime(line, how)
      this.failing = false
      if (deliveries.length > 0) await this.#admit(line, deliveries, signal)
      return deliveries.length
    } catch (error) {
      if (this.#closed) return undefined
      this.failing = true
      const kind = this.#connection.broker.classify(error)
      this.#runtime.logger.warn(`queue '${this.queue}': receiving failed; opening a new receiver`, {
        kind,
        error: String(error),
      })
      await this.#abandon()
      await this.#pause(signal)
      return undefined
    } finally {
      this.#receiving = false
    }
  }

  /** Hands a finished job to settling. */
  settle(job: Job, outcome: Outcome, startedAt: number, onSettled: (settlement: Settlement) => void): void {
    this.#jobs.settle(this.#line, job, outcome, startedAt, onSettled)
  }

  /** Acknowledges a delivery before it runs. False when the lease is gone and it must not run. */
  acknowledge(job: Job): Promise<boolean> {
    return this.#jobs.acknowledge(this.#line, job)
  }

  /**
   * Not while its lease may have ended, by our own clock, as after a process was put to sleep: it is renewed first, or
   * found to be lost. Others may be running the task by now.
   */
  mayStart({ receivedAt }: Job): boolean {
    if (this.#connection.broker.capabilities.lease !== 'timed') return true
    const heldSince = Math.max(receivedAt, this.#line?.renewedAt ?? 0)
    return this.#runtime.clock.monotonic() - heldSince < this.#options.leaseMs
  }

  /** Gives back one job that waits for a slot. */
  release(job: Job): void {
    const index = this.ready.indexOf(job)
    if (index >= 0) this.ready.splice(index, 1)
    this.settle(job, { type: 'release' }, 0, () => {})
  }

  /**
   * Gives back everything that waits for a slot.
   *
   * @param onReleased Called once for each.
   */
  releaseReady(onReleased = () => {}): void {
    for (const job of this.ready.splice(0)) this.settle(job, { type: 'release' }, 0, onReleased)
  }

  /** Gives back what runs on and cannot be stopped: another worker may have it now. */
  releaseRunning(jobs: Iterable<Job>): void {
    for (const job of jobs) {
      this.settle(job, { type: 'release' }, 0, () => {})
      job.lost = true
    }
  }

  /** Settles what has finished, as long as that is possible and nobody is in a hurry, and closes the receiver. */
  async close(hurry: AbortSignal): Promise<void> {
    this.releaseReady()
    const line = this.#line
    if (line) {
      const given = new AbortController()
      const late = sleep(this.#runtime.clock, lastSettlingMs, AbortSignal.any([hurry, given.signal]))
      await Promise.race([line.settling.drain(), late])
      given.abort()
    }
    this.#closed = true
    await this.#drop(line)
  }

  async #receiveInTime(line: Line, how: ReceiveHow): Promise<readonly Delivery[]> {
    const { waitMs } = how
    let cancelTimer = () => {}
    const stuck = new Promise<never>((_, reject) => {
      cancelTimer = this.#runtime.clock.setTimer(
        waitMs + stuckAfterMs,
        () => reject(new Error(`a receive did not complete within ${waitMs + stuckAfterMs} ms`)),
        { background: true },
      )
    })
    try {
      return await Promise.race([line.receiver.receive(how), stuck])
    } finally {
      cancelTimer()
    }
  }

  /** Decides what runs. While the backend is away the batch waits, its leases kept; nothing is lost for that. */
  async #admit(line: Line, deliveries: readonly Delivery[], signal: AbortSignal): Promise<void> {
    for (const { lease } of deliveries) line.held.set(lease, undefined)
    const leasedAt = this.#runtime.clock.monotonic()
    line.deadlines?.counted(
      deliveries.map(({ lease }) => lease),
      leasedAt,
    )
    const admitted = await this.#admitPatiently(line, deliveries, leasedAt, signal)
    const stillHeld = ({ delivery }: Job) => line === this.#line && line.held.has(delivery.lease)
    if (!admitted) {
      for (const { lease } of deliveries) line.settling.giveBack(lease, () => line.held.delete(lease))
      return
    }
    for (const job of admitted.jobs) {
      if (!stillHeld(job)) continue
      line.held.set(job.delivery.lease, job)
      this.ready.push(job)
    }
    for (const refusal of admitted.refused) this.#refuse(line, refusal)
  }

  async #admitPatiently(
    line: Line,
    deliveries: readonly Delivery[],
    leasedAt: Millis,
    signal: AbortSignal,
  ): Promise<Admitted | undefined> {
    while (!signal.aborted && line === this.#line) {
      try {
        return await this.#admission.admit(deliveries, leasedAt)
      } catch (error) {
        this.#runtime.logger.warn(`queue '${this.queue}': the backend does not answer; tasks wait for it`, {
          error: String(error),
        })
        await this.#pause(signal)
      }
    }
    return undefined
  }

  #refuse(line: Line, refusal: Refusal): void {
    if (!refusal.job) {
      const { item } = refusal
      line.settling.finish(item, () => line.held.delete(item.lease))
      return
    }
    const { job, outcome } = refusal
    this.settle(job, outcome, this.#runtime.clock.now(), (settlement) =>
      this.#onRefused(job, outcome, settlement),
    )
  }

  #pause(signal: AbortSignal): Promise<void> {
    return sleep(this.#runtime.clock, longestPauseMs * (0.25 + Math.random() * 0.75), signal)
  }

  #lose(line: Line, leases: readonly Lease[] | undefined): void {
    const gone = (leases ?? [...line.held.keys()]).filter((lease) => line.held.has(lease))
    if (gone.length > 0) {
      this.#runtime.logger.warn(
        `queue '${this.queue}': ${gone.length} leases lost; those tasks run again elsewhere`,
      )
    }
    for (const lease of gone) {
      const job = line.held.get(lease)
      line.held.delete(lease)
      if (!job) continue
      job.lost = true
      job.context?.stop(new LeaseLost())
      const index = this.ready.indexOf(job)
      if (index >= 0) this.ready.splice(index, 1)
    }
    // Lost by our own clock, perhaps not by the receiver's: what it still holds goes back, so that it keeps nothing for us.
    if (leases && gone.length > 0) line.receiver.nack(gone, { delayMs: 0 }).catch(() => {})
    // All at once: the receiver itself is no longer known to the service.
    if (!leases && this.#line === line) void this.#abandon()
  }

  /** Drops the receiver and all it held, without waiting for an answer that may never come. */
  async #abandon(): Promise<void> {
    const line = this.#line
    this.#line = undefined
    if (line) this.#lose(line, [...line.held.keys()])
    await this.#drop(line)
  }

  async #drop(line: Line | undefined): Promise<void> {
    if (!line) return
    line.settling.end()
    line.stopKeeping()
    const closing = line.receiver.close().catch((error: unknown) => {
      this.#runtime.logger.debug(`queue '${this.queue}': a receiver did not close`, { error: String(error) })
    })
    await Promise.race([closing, sleep(this.#runtime.clock, longestPauseMs)])
  }
}
