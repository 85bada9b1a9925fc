import type { Lease, Receiver } from '../contracts/broker.ts'
import type { Millis } from '../contracts/time.ts'
import type { Connection, Runtime } from '../runtime/runtime.ts'
import type { Job } from './job.ts'
import { endByOwnClock, LeaseDeadlines } from './lease-deadlines.ts'
import type { LeaseKeeping } from './lease-keeper.ts'
import { SettleGroup } from './settle/group.ts'
import type { ResolvedWorkerOptions } from './worker-options.ts'

/** Everything that belongs to one receiver and ends with it. */
export interface Line {
  readonly receiver: Receiver
  readonly settling: SettleGroup
  /** What it has leased and not settled; the job once it is admitted. */
  readonly held: Map<Lease, Job | undefined>
  /** Where the service cannot tell that a lease is over. */
  readonly deadlines: LeaseDeadlines | undefined
  /** When the last request was made that renewed all it held, by the monotonic clock. */
  renewedAt: Millis
  /** No longer keeps its leases, nor watches them. */
  stopKeeping(): void
}

/** @param onLost Leases of the line that are gone; undefined means all. */
export async function openLine(
  queue: string,
  runtime: Runtime,
  connection: Connection,
  options: ResolvedWorkerOptions,
  keeping: LeaseKeeping,
  onLost: (line: Line, leases: readonly Lease[] | undefined) => void,
): Promise<Line> {
  const { leaseMs } = options
  const receiver = await connection.broker.openReceiver(queue, {
    leaseMs,
    // Running, read ahead, and finished but not settled yet.
    prefetch: 2 * options.concurrency + options.readAhead,
  })
  const held = new Map<Lease, Job | undefined>()
  const ownClock = endByOwnClock(connection.broker.capabilities)
  const deadlines = ownClock ? new LeaseDeadlines(runtime.clock, leaseMs) : undefined
  const kept = keeping.keep(receiver, {
    held: () => [...held.keys()],
    lost: (leases) => onLost(line, leases),
    renewed: (leases, from) => {
      line.renewedAt = from
      deadlines?.counted(leases ?? held.keys(), from)
    },
  })
  const stopWatching = deadlines?.watch(
    () => held.keys(),
    (over) => onLost(line, over),
  )
  const isOver = deadlines && ((lease: Lease) => deadlines.isOver(lease))
  const line: Line = {
    receiver,
    held,
    deadlines,
    renewedAt: Number.NEGATIVE_INFINITY,
    settling: new SettleGroup(runtime, connection, receiver, isOver),
    stopKeeping: () => {
      kept.stop()
      stopWatching?.()
    },
  }
  return line
}
