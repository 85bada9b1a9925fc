import { Worker as Thread } from 'node:worker_threads'
import type { KeeperSpec, Lease, Receiver } from '../contracts/broker.ts'
import type { Clock, Millis } from '../contracts/time.ts'
import type { FromLeaseThread, ToLeaseThread } from './lease-thread.ts'

/** Keeps the leases of one receiver until it is told to stop. */
export interface KeptLeases {
  stop(): void
}

/**
 * Keeps leases for all receivers of a worker: in a thread of its own where the driver can, so that a handler that
 * blocks the event loop loses nothing; by a timer on this loop otherwise.
 */
export class LeaseKeeping {
  readonly #clock: Clock
  readonly #leaseMs: Millis
  readonly #maxBlockMs: Millis
  readonly #onLost = new Map<number, () => void>()
  #thread: Thread | undefined
  #stopPulse: (() => void) | undefined
  #nextId = 0

  constructor(clock: Clock, leaseMs: Millis, maxBlockMs: Millis) {
    this.#clock = clock
    this.#leaseMs = leaseMs
    this.#maxBlockMs = maxBlockMs
  }

  /**
   * @param held What the receiver holds now.
   * @param onLost Which of them are gone; undefined means all.
   */
  keep(
    receiver: Receiver,
    held: () => readonly Lease[],
    onLost: (lost: readonly Lease[] | undefined) => void,
  ): KeptLeases {
    if (receiver.keeper) return this.#inThread(receiver.keeper, () => onLost(undefined))
    return this.#onThisLoop(receiver, held, onLost)
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

  #inThread(spec: KeeperSpec, onLost: () => void): KeptLeases {
    const thread = this.#startThread()
    const id = this.#nextId++
    this.#onLost.set(id, onLost)
    thread.postMessage({
      type: 'keep',
      id,
      module: spec.module,
      data: spec.data,
      everyMs: this.#everyMs,
    } satisfies ToLeaseThread)
    return {
      stop: () => {
        this.#onLost.delete(id)
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
      for (const onLost of [...this.#onLost.values()]) onLost()
    }
    thread.on('error', gone)
    thread.on('exit', gone)
    thread.on('message', ({ id }: FromLeaseThread) => this.#onLost.get(id)?.())
    const beat = () => {
      Atomics.add(view, 0, 1)
      this.#stopPulse = this.#clock.setTimer(200, beat, { background: true })
    }
    beat()
    this.#thread = thread
    return thread
  }

  #onThisLoop(
    receiver: Receiver,
    held: () => readonly Lease[],
    onLost: (lost: readonly Lease[]) => void,
  ): KeptLeases {
    let stopped = false
    let cancel = () => {}
    const round = async () => {
      const leases = held()
      if (leases.length > 0) {
        try {
          const settlements = await receiver.extend(leases)
          const lost = leases.filter((_, index) => settlements[index] === 'lost')
          if (lost.length > 0 && !stopped) onLost(lost)
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
