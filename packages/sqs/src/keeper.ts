// Imported by the runtime in a thread of its own. It loads nothing of @tq/core, so that the thread starts fast.
import type { LeaseKeeper } from '@tq/core/driver'
import { newClient } from './client.ts'
import type { KeeperData } from './keeper-spec.ts'
import { LeaseTable } from './lease-table.ts'
import { isFresh, renew } from './renewing.ts'

/** Keeps what one receiver holds from another thread, with a client of its own. */
export function createKeeper(data: unknown): LeaseKeeper {
  const { config, table: tableData, urls, seconds } = data as KeeperData
  const client = newClient(config)
  const table = new LeaseTable(tableData)
  return {
    extend: () => {
      const due = table.live().filter((slot) => !isFresh(slot, seconds))
      return renew({ table, urls, seconds, send: (call) => call(client) }, due)
    },
    async close() {
      client.destroy()
    },
  }
}
