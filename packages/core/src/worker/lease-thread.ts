// The main of a thread that keeps leases while the main event loop is busy or blocked.
import { parentPort, workerData } from 'node:worker_threads'
import type { LeaseKeeper } from '../contracts/broker.ts'

/** What the main thread says. */
export type ToLeaseThread =
  | {
      readonly type: 'keep'
      readonly id: number
      readonly module: string
      readonly data: unknown
      readonly everyMs: number
    }
  | { readonly type: 'leave'; readonly id: number }

/** What this thread says: leases of a receiver are gone, or all were renewed by a request made at `at`. */
export type FromLeaseThread =
  | { readonly type: 'lost'; readonly id: number }
  /** Milliseconds of `process.hrtime`, which all threads of a process share. */
  | { readonly type: 'renewed'; readonly id: number; readonly at: number }

interface ThreadData {
  /** One number the main loop raises as long as it turns. */
  readonly pulse: SharedArrayBuffer
  readonly maxBlockMs: number
}

interface Kept {
  keeper: LeaseKeeper | undefined
  renewing: boolean
  readonly timer: NodeJS.Timeout
}

/** How often the main loop's pulse is felt. */
const feelEveryMs = 250

const { pulse, maxBlockMs } = workerData as ThreadData
const pulseView = new Int32Array(pulse)
const kept = new Map<number, Kept>()

let lastPulse = -1
let feltSilent = 0

// Counts our own ticks rather than time: while the whole machine sleeps, neither loop turns, and that is no blocked loop.
setInterval(() => {
  const now = Atomics.load(pulseView, 0)
  feltSilent = now === lastPulse ? feltSilent + 1 : 0
  lastPulse = now
  // A loop blocked for so long will not come back: give the process up, so that others take its tasks.
  if (feltSilent * feelEveryMs > maxBlockMs) process.kill(process.pid, 'SIGKILL')
}, feelEveryMs)

parentPort?.on('message', (message: ToLeaseThread) => {
  if (message.type === 'keep') keep(message)
  else void leave(message.id)
})

function keep({ id, module, data, everyMs }: ToLeaseThread & { type: 'keep' }): void {
  const entry: Kept = { keeper: undefined, renewing: false, timer: setInterval(() => void renew(), everyMs) }
  kept.set(id, entry)
  void renew()

  /** One at a time; a keeper that could not be opened, or a service that is away, is tried again at the next tick. */
  async function renew(): Promise<void> {
    if (entry.renewing) return
    entry.renewing = true
    try {
      entry.keeper ??= await open(module, data)
      const at = Number(process.hrtime.bigint()) / 1e6
      const held = await entry.keeper.extend()
      if (!kept.has(id)) return
      const message = held === 'ok' ? ({ type: 'renewed', id, at } as const) : ({ type: 'lost', id } as const)
      parentPort?.postMessage(message satisfies FromLeaseThread)
    } catch {
      // The lease decides: when it ends, the next renewal says so.
    } finally {
      entry.renewing = false
      if (!kept.has(id)) await entry.keeper?.close().catch(() => {})
    }
  }
}

async function open(module: string, data: unknown): Promise<LeaseKeeper> {
  const { createKeeper } = (await import(module)) as {
    createKeeper(data: unknown): LeaseKeeper | Promise<LeaseKeeper>
  }
  return createKeeper(data)
}

async function leave(id: number): Promise<void> {
  const entry = kept.get(id)
  if (!entry) return
  kept.delete(id)
  clearInterval(entry.timer)
  if (!entry.renewing) await entry.keeper?.close().catch(() => {})
}
