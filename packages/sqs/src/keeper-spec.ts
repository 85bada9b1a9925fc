import type { SQSClientConfig } from '@aws-sdk/client-sqs'
import type { KeeperSpec } from '@tq/core/driver'
import type { LeaseTable, TableData } from './lease-table.ts'

/** What the keeper's thread needs to know. */
export interface KeeperData {
  readonly config: SQSClientConfig
  readonly table: TableData
  readonly urls: readonly string[]
  readonly seconds: number
}

/**
 * How another thread keeps a receiver's leases. Undefined where the client's options cannot go to another thread
 * (functions): the runtime keeps leases on its own loop then.
 */
export function keeperSpec(
  config: SQSClientConfig,
  table: LeaseTable,
  urls: readonly string[],
  seconds: number,
): KeeperSpec | undefined {
  try {
    const data: KeeperData = { config: structuredClone(config), table: table.data, urls, seconds }
    return { module: keeperModule(), data }
  } catch {
    return undefined
  }
}

/** Beside this file both in the sources and in the built package, whose chunks lie at its root. */
function keeperModule(): string {
  const here = import.meta.url
  return new URL(here.endsWith('.ts') ? './keeper.ts' : './keeper.js', here).href
}
