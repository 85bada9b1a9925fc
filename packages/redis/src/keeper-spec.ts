import type { KeeperSpec, Millis } from '@tq/core/driver'
import type { Connection } from './connection.ts'
import type { QueueKeys } from './keys.ts'
import type { Leasing } from './leasing.ts'
import type { Target } from './options.ts'

/** What the keeper's thread needs to know. */
export interface KeeperData {
  readonly target: Target
  readonly leases: string
  readonly receiver: string
  readonly leaseMs: Millis
}

/**
 * How another thread keeps a receiver's lease. Undefined where the options of the connection cannot go to another
 * thread (functions): the runtime keeps leases on its own loop then.
 */
export function keeperSpec(
  connection: Connection,
  keys: QueueKeys,
  leasing: Leasing,
): KeeperSpec | undefined {
  const target = movable(connection.options.target)
  if (!target) return undefined
  const data: KeeperData = {
    target,
    leases: keys.leases,
    receiver: leasing.life.id,
    leaseMs: leasing.leaseMs,
  }
  return { module: keeperModule(), data }
}

function movable(target: Target): Target | undefined {
  if (target.kind === 'client') return undefined
  try {
    return structuredClone(target)
  } catch {
    return undefined
  }
}

/** Beside this file both in the sources and in the built package, whose chunks lie at its root. */
function keeperModule(): string {
  const here = import.meta.url
  return new URL(here.endsWith('.ts') ? './keeper.ts' : './keeper.js', here).href
}
