// Imported by the runtime in a thread of its own. It loads nothing of @tq/core, so that the thread starts fast.
import type { LeaseKeeper } from '@tq/core/driver'
import { Database } from './database.ts'
import type { KeeperData } from './keeper-spec.ts'
import { renewReceiver } from './leases.ts'
import { wholeMs } from './wall-time.ts'

/** This thread has nothing else to do: SQLite may wait for the lock by itself. */
const busyMs = 2_000

/**
 * Keeps one receiver's lease from another thread, over a connection of its own. Rejects when the file could not be
 * opened.
 */
export function createKeeper(data: unknown): LeaseKeeper {
  const { file, receiver, leaseMs } = data as KeeperData
  const database = new Database(file, Math.min(busyMs, Math.ceil(leaseMs / 4)))
  return {
    async extend() {
      const renewed = database.run(renewReceiver, Date.now() + wholeMs(leaseMs) + 1, receiver)
      return renewed === 1 ? 'ok' : 'lost'
    },
    async close() {
      database.close()
    },
  }
}
