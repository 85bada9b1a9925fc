import type { KeeperSpec, Millis } from '@tq/core/driver'
import type { Connection } from './connection.ts'

/** What the keeper's thread needs to know. */
export interface KeeperData {
  readonly file: string
  readonly receiver: number
  readonly leaseMs: Millis
}

/** A clock this far from the machine's is not the machine's. */
const sameMs: Millis = 1_000

/**
 * How another thread keeps a receiver's lease. Undefined under a virtual clock: that thread would have the real
 * one, and the runtime keeps leases on its own loop instead.
 */
export function keeperSpec(
  connection: Connection,
  receiver: number,
  leaseMs: Millis,
): KeeperSpec | undefined {
  if (Math.abs(connection.clock.now() - Date.now()) > sameMs) return undefined
  const data: KeeperData = { file: connection.options.file, receiver, leaseMs }
  return { module: keeperModule(), data }
}

/** Beside this file both in the sources and in the built package, whose chunks lie at its root. */
function keeperModule(): string {
  const here = import.meta.url
  return new URL(here.endsWith('.ts') ? './keeper.ts' : './keeper.js', here).href
}
