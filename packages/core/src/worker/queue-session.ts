import type { Delivery, Receiver, Settlement } from '../contracts/broker.ts'
import type { Millis } from '../contracts/time.ts'
import { LeaseLost } from '../errors/task-errors.ts'
import type { Connection, Runtime } from '../runtime/runtime.ts'
import { sleep } from '../util/sleep.ts'
import { Admission } from './admission.ts'
import type { Job } from './job.ts'
import type { KeptLeases, LeaseKeeping } from './lease-keeper.ts'
import type { Outcome } from './outcome.ts'
import { ReadAhead } from './read-ahead.ts'
import { settleContext, settlementOf } from './settle.ts'
import { SettleGroup } from './settle-group.ts'
import type { ResolvedWorkerOptions } from './worker-options.ts'

/** Everything that belongs to one receiver and ends with it. */
interface Line {
  readonly receiver: Receiver
  readonly settling: SettleGroup
  readonly held: Set<Job>
  readonly leases: KeptLeases
}

/** A receive that takes this much longer than its wait is stuck, whatever the client library says of itself. */
const stuckAfterMs: Millis = 5_000
const longestReopenMs: Millis = 1_000

/**
 * One queue of one worker, from open to quiet. Owns the receiver and all it holds; when the receiver fails or gets
 * stuck, everything it held is lost together and a new one takes its place.
 */
export class QueueSession {
  readonly queue: string
  readonly readAhead: ReadAhead
  /** Leased, decoded and waiting for a slot. */
  readonly ready: Job[] = []
  readonly #runtime: Runtime
  readonly #connection: Connection
  readonly #options: ResolvedWorkerOptions
  readonly #keeping: LeaseKeeping
  readonly #admission: Admission
  /** Running although their message is gone. */
  readonly #acknowledged = new WeakSet<Job>()
  #line: Line | undefined
  #closed = false

  constructor(
    queue: string,
    runtime: Runtime,
    connection: Connection,
    options: ResolvedWorkerOptions,
    keeping: LeaseKeeping,
  ) {
    this.queue = queue
    this.#runtime = runtime
    this.#connection = connection
    this.#options = options
    this.#keeping = keeping
    this.readAhead = new ReadAhead(options.readAhead, options.concurrency)
    this.#admission = new Admission(queue, options.name, runtime, connection)
  }

  async open(): Promise<void> {
    const receiver = await this.#connection.broker.openReceiver(this.queue, {
      leaseMs: this.#options.leaseMs,
      // Running, read ahead, and finished but not settled yet.
      prefetch: 2 * this.#options.concurrency + this.#options.readAhead,
    })
    const held = new Set<Job>()
    const leases = this.#keeping.keep(
      receiver,
      () => [...held].map(({ delivery }) => delivery.lease),
      (lost) => this.#lose(line, lost),
    )
    const line: Line = {
      receiver,
      held,
      leases,
      settling: new SettleGroup(this.#runtime, this.#connection, receiver),
    }
    this.#line = line
  }

  /** Fetches up to `max` and puts them into `ready`. Returns how many messages came, runnable or not. Never rejects. */
  async receive(max: number, waitMs: Millis, signal: AbortSignal): Promise<number> {
    try {
      if (!this.#line) await this.open()
      const line = this.#line
      if (!line) return 0
      const deliveries = await this.#receiveInTime(line, max, waitMs, signal)
      if (deliveries.length === 0) return 0
      await this.#admit(line, deliveries)
      return deliveries.length
    } catch (error) {
      if (this.#closed) return 0
      const kind = this.#connection.broker.classify(error)
      this.#runtime.logger.warn(`queue '${this.queue}': receiving failed; opening a new receiver`, {
        kind,
        error: String(error),
      })
      await this.#abandon()
      await sleep(this.#runtime.clock, longestReopenMs * (0.25 + Math.random() * 0.75), signal)
      return 0
    }
  }

  /** Hands a finished job to settling. */
  settle(job: Job, outcome: Outcome, startedAt: number, settled: (settlement: Settlement) => void): void {
    const line = this.#line
    if (!line?.held.has(job) || outcome.type === 'lost') {
      line?.held.delete(job)
      settled('lost')
      return
    }
    const done = (settlement: Settlement) => {
      line.held.delete(job)
      settled(settlement)
    }
    if (this.#acknowledged.delete(job)) {
      // At most once: there is no message left to give back or to lose.
      const item = settlementOf(
        job,
        outcome,
        startedAt,
        settleContext(this.#runtime, this.#connection, this.#options.name),
      )
      line.settling.store(item, done)
    } else if (outcome.type === 'release') line.settling.giveBack(job.delivery.lease, done)
    else
      line.settling.finish(
        settlementOf(
          job,
          outcome,
          startedAt,
          settleContext(this.#runtime, this.#connection, this.#options.name),
        ),
        done,
      )
  }

  /** Acknowledges a delivery before it runs. False when the lease is gone and it must not run. */
  acknowledge(job: Job): Promise<boolean> {
    const line = this.#line
    if (!line?.held.has(job)) return Promise.resolve(false)
    this.#acknowledged.add(job)
    return new Promise((resolve) =>
      line.settling.finish({ lease: job.delivery.lease }, (settlement) => resolve(settlement === 'ok')),
    )
  }

  /** Gives back everything that waits for a slot. */
  releaseReady(): void {
    for (const job of this.ready.splice(0)) this.settle(job, { type: 'release' }, 0, () => {})
  }

  /** Gives back what runs on and cannot be stopped: another worker may have it now. */
  releaseRunning(jobs: Iterable<Job>): void {
    for (const job of jobs) {
      this.settle(job, { type: 'release' }, 0, () => {})
      job.lost = true
    }
  }

  /** Resolves when all that has finished is settled. */
  async drain(): Promise<void> {
    await this.#line?.settling.drain()
  }

  /** Settles what has finished and closes the receiver. */
  async close(): Promise<void> {
    this.releaseReady()
    await this.drain()
    this.#closed = true
    const line = this.#line
    this.#line = undefined
    line?.leases.stop()
    await line?.receiver.close()
  }

  async #receiveInTime(
    line: Line,
    max: number,
    waitMs: Millis,
    signal: AbortSignal,
  ): Promise<readonly Delivery[]> {
    let cancelTimer = () => {}
    const stuck = new Promise<never>((_, reject) => {
      cancelTimer = this.#runtime.clock.setTimer(
        waitMs + stuckAfterMs,
        () => reject(new Error(`a receive did not complete within ${waitMs + stuckAfterMs} ms`)),
        { background: true },
      )
    })
    try {
      return await Promise.race([line.receiver.receive({ max, waitMs, signal }), stuck])
    } finally {
      cancelTimer()
    }
  }

  async #admit(line: Line, deliveries: readonly Delivery[]): Promise<void> {
    const { jobs, refused } = await this.#admission.admit(deliveries)
    for (const job of jobs) {
      line.held.add(job)
      this.ready.push(job)
    }
    for (const { item } of refused) line.settling.finish(item, () => {})
  }

  #lose(line: Line, leases: readonly Delivery['lease'][] | undefined): void {
    const gone = leases && new Set(leases)
    const jobs = [...line.held].filter(({ delivery }) => !gone || gone.has(delivery.lease))
    if (jobs.length > 0) {
      this.#runtime.logger.warn(
        `queue '${this.queue}': ${jobs.length} leases lost; those tasks run again elsewhere`,
      )
    }
    for (const job of jobs) {
      job.lost = true
      line.held.delete(job)
      job.stop?.(new LeaseLost())
      const index = this.ready.indexOf(job)
      if (index >= 0) this.ready.splice(index, 1)
    }
    // All at once: the receiver itself is no longer known to the service.
    if (!leases && this.#line === line) void this.#abandon()
  }

  /** Drops the receiver and all it held, without waiting for an answer that may never come. */
  async #abandon(): Promise<void> {
    const line = this.#line
    this.#line = undefined
    if (!line) return
    line.settling.end()
    line.leases.stop()
    this.#lose(
      line,
      [...line.held].map(({ delivery }) => delivery.lease),
    )
    await Promise.race([line.receiver.close().catch(() => {}), sleep(this.#runtime.clock, 1_000)])
  }
}
