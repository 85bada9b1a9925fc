// Imported by the runtime in a thread of its own. It loads nothing of @tq/core, so that the thread starts fast.
import type { LeaseKeeper } from '@tq/core/driver'
import { newClient } from './client.ts'
import type { KeeperData } from './keeper-spec.ts'
import { extend } from './scripts/extend.ts'

/** Keeps one receiver's lease from another thread, over a connection of its own. */
export function createKeeper(data: unknown): LeaseKeeper {
  const { target, leases, receiver, leaseMs } = data as KeeperData
  const client = newClient(target, { name: 'keeper' })
  let connected: Promise<void> | undefined
  return {
    async extend() {
      // The first attempt decides only when to try again; afterwards the client comes back by itself.
      connected ??= client.connect().catch(() => {})
      await connected
      const kept = await client.eval(extend.lua, 1, leases, receiver, leaseMs)
      return kept === 1 ? 'ok' : 'lost'
    },
    async close() {
      client.disconnect()
    },
  }
}
