import type { Settlement } from '../contracts/broker.ts'
import { refsOf } from '../runtime/packing.ts'
import type { Connection, Runtime } from '../runtime/runtime.ts'
import { endOfAcknowledged, noReceiver } from './acknowledged.ts'
import type { Job } from './job.ts'
import type { LimitGate } from './limits/limit-gate.ts'
import type { Line } from './line.ts'
import type { Outcome } from './outcome.ts'
import { type SettleContext, settleContext } from './settle/context.ts'
import { SettleGroup } from './settle/group.ts'
import { settlementOf } from './settle/settlement.ts'

/** How the jobs of one queue are settled, each on the line that leased it, and what that sets free. */
export class JobSettling {
  readonly #runtime: Runtime
  readonly #connection: Connection
  readonly #gate: LimitGate | undefined
  readonly #settling: SettleContext
  /** Running although their message is gone. */
  readonly #acknowledged = new WeakSet<Job>()

  constructor(runtime: Runtime, connection: Connection, gate: LimitGate | undefined, worker: string) {
    this.#runtime = runtime
    this.#connection = connection
    this.#gate = gate
    this.#settling = settleContext(runtime, connection, worker)
  }

  /** Hands a finished job to settling. */
  settle(
    line: Line | undefined,
    job: Job,
    outcome: Outcome,
    startedAt: number,
    onSettled: (settlement: Settlement) => void,
  ): void {
    const refs = refsOf(job.envelope)
    const settled =
      this.#gate || refs.length > 0
        ? (settlement: Settlement) => {
            this.#gate?.left(job)
            if (settlement === 'ok' && endsForGood(outcome)) this.#connection.payloads.forget(refs)
            onSettled(settlement)
          }
        : onSettled
    const context = this.#settling
    context.now = this.#runtime.clock.now()
    if (this.#acknowledged.delete(job)) {
      // At most once: its message is gone, so whatever happened to it is its end.
      const end = endOfAcknowledged(outcome)
      const group = line?.settling ?? new SettleGroup(this.#runtime, this.#connection, noReceiver)
      group.store(settlementOf(job, end, startedAt, context), settled)
      return
    }
    const { lease } = job.delivery
    if (!line?.held.has(lease) || outcome.type === 'lost') {
      line?.held.delete(lease)
      settled('lost')
      return
    }
    const done = (settlement: Settlement) => {
      line.held.delete(lease)
      settled(settlement)
    }
    if (outcome.type === 'release') line.settling.giveBack(lease, done)
    else line.settling.finish(settlementOf(job, outcome, startedAt, context), done)
  }

  /** Acknowledges a delivery before it runs. False when the lease is gone and it must not run. */
  acknowledge(line: Line | undefined, job: Job): Promise<boolean> {
    const { lease } = job.delivery
    if (!line?.held.has(lease)) return Promise.resolve(false)
    return new Promise((resolve) =>
      line.settling.finish({ lease }, (settlement) => {
        // From here on there is no lease to keep or to lose.
        line.held.delete(lease)
        if (settlement === 'ok') this.#acknowledged.add(job)
        resolve(settlement === 'ok')
      }),
    )
  }
}

/** Nobody needs its input any more. A task that was given up can be run again. */
function endsForGood(outcome: Outcome): boolean {
  return (
    outcome.type === 'done' ||
    outcome.type === 'revoked' ||
    (outcome.type === 'drop' && outcome.revoked === true)
  )
}
