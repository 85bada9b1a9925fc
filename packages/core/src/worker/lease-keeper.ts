import { Worker as Thread } from 'node:worker_threads'
import type { KeeperSpec, Lease, Receiver } from '../contracts/broker.ts'
import type { Clock, Millis } from '../contracts/time.ts'
import type { FromLeaseThread, ToLeaseThread } from './lease-thread.ts'

/** Keeps the leases of one receiver until it is told to stop. */
export interface KeptLeases {
  stop(): void
}

/** What a receiver's owner gives to have its leases kept, and is told of them. */
export interface LeaseHolder {
  /** What it holds now. */
  held(): readonly Lease[]
  /** These are gone; undefined means all. */
  lost(leases: readonly Lease[] | undefined): void
  /** These were renewed by a request made at `from`, by the monotonic clock; undefined means all it held then. */
  renewed(leases: readonly Lease[] | undefined, from: Millis): void
}

/**
 * Keeps leases for all receivers of a worker: in a thread of its own where the driver can, so that a handler that
 * blocks the event loop loses nothing; by a timer on this loop otherwise.
 */
export class LeaseKeeping {
  readonly #clock: Clock
  readonly #leaseMs: Millis
  readonly #maxBlockMs: Millis
  readonly #holders = new Map<number, { readonly holder: LeaseHolder; readonly receiver: Receiver }>()
  #thread: Thread | undefined
  #stopPulse: (() => void) | undefined
  #nextId = 0

  constructor(clock: Clock, leaseMs: Millis, maxBlockMs: Millis) {
    this.#clock = clock
    this.#leaseMs = leaseMs
    this.#maxBlockMs = maxBlockMs
  }

  keep(receiver: Receiver, holder: LeaseHolder): KeptLeases {
    return receiver.keeper
      ? this.#inThread(receiver, receiver.keeper, holder)
      : this.#onThisLoop(receiver, holder)
  }

  async close(): Promise<void> {
    this.#stopPulse?.()
    const thread = this.#thread
    this.#thread = undefined
    await thread?.terminate()
  }

  get #everyMs(): Millis {
    return this.#leaseMs / 3
  }

  #inThread(receiver: Receiver, spec: KeeperSpec, holder: LeaseHolder): KeptLeases {
    const thread = this.#startThread()
    const id = this.#nextId++
    this.#holders.set(id, { holder, receiver })
    thread.postMessage({
      type: 'keep',
      id,
      module: spec.module,
      data: spec.data,
      everyMs: this.#everyMs,
    } satisfies ToLeaseThread)
    return {
      stop: () => {
        this.#holders.delete(id)
        this.#thread?.postMessage({ type: 'leave', id } satisfies ToLeaseThread)
      },
    }
  }

  #startThread(): Thread {
    if (this.#thread) return this.#thread
    const pulse = new SharedArrayBuffer(4)
    const view = new Int32Array(pulse)
    const thread = new Thread(threadFile(), { workerData: { pulse, maxBlockMs: this.#maxBlockMs } })
    // The thread serves the worker; it must not keep a finished process alive.
    thread.unref()
    // Without the thread nothing renews what it kept: say so, and start another one for the receivers to come.
    const gone = () => {
      if (this.#thread !== thread) return
      this.#thread = undefined
      this.#stopPulse?.()
      for (const { holder } of [...this.#holders.values()]) holder.lost(undefined)
    }
    thread.on('error', gone)
    thread.on('exit', gone)
    thread.on('message', (message: FromLeaseThread) => this.#heard(message))
    const beat = () => {
      Atomics.add(view, 0, 1)
      this.#stopPulse = this.#clock.setTimer(200, beat, { background: true })
    }
    beat()
    this.#thread = thread
    return thread
  }

  #heard(message: FromLeaseThread): void {
    const kept = this.#holders.get(message.id)
    if (!kept) return
    if (message.type === 'lost') void this.#findLost(message.id, kept.receiver, kept.holder)
    else {
      const ago = Number(process.hrtime.bigint()) / 1e6 - message.at
      kept.holder.renewed(undefined, this.#clock.monotonic() - ago)
    }
  }

  /** The receiver says which are gone. When it has none left, it may not be known to the service any more. */
  async #findLost(id: number, receiver: Receiver, holder: LeaseHolder): Promise<void> {
    const leases = holder.held()
    const from = this.#clock.monotonic()
    const settlements = await receiver.extend(leases).catch(() => undefined)
    if (!this.#holders.has(id)) return
    if (!settlements) {
      // The service is away: until it can be asked, the leases decide.
      this.#clock.setTimer(this.#everyMs / 4, () => void this.#findLost(id, receiver, holder), {
        background: true,
      })
      return
    }
    const kept = leases.filter((_, index) => settlements[index] === 'ok')
    if (kept.length === 0) return holder.lost(undefined)
    holder.lost(leases.filter((_, index) => settlements[index] === 'lost'))
    holder.renewed(kept, from)
  }

  #onThisLoop(receiver: Receiver, holder: LeaseHolder): KeptLeases {
    let stopped = false
    let cancel = () => {}
    const round = async () => {
      const leases = holder.held()
      const from = this.#clock.monotonic()
      if (leases.length > 0) {
        try {
          const settlements = await receiver.extend(leases)
          if (stopped) return
          const lost = leases.filter((_, index) => settlements[index] === 'lost')
          if (lost.length > 0) holder.lost(lost)
          holder.renewed(
            leases.filter((_, index) => settlements[index] === 'ok'),
            from,
          )
        } catch {
          // The service is away: the next round tries again, and the lease decides.
        }
      }
      if (!stopped) plan()
    }
    const plan = () => {
      cancel = this.#clock.setTimer(this.#everyMs, () => void round(), { background: true })
    }
    plan()
    return {
      stop: () => {
        stopped = true
        cancel()
      },
    }
  }
}

/** Beside this file in the sources; in a folder of the built package, whose chunks lie at its root. */
function threadFile(): URL {
  const here = import.meta.url
  return new URL(here.endsWith('.ts') ? './lease-thread.ts' : './worker/lease-thread.js', here)
}
