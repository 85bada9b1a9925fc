import type { Broker, BrokerCapabilities } from '@tq/core/driver'
import type { ConformanceCase, Requirement } from '../case.ts'
import type { BrokerHarness } from '../harness.ts'
import type { BrokerStage } from './stage.ts'

/** What decides which broker cases apply. */
export interface BrokerOffers {
  readonly capabilities: BrokerCapabilities
  /** `broker.admin` is present. */
  readonly admin: boolean
  /** `broker.admin.change` is present. */
  readonly change: boolean
  /** `receiver.keeper` is present. */
  readonly keeper: boolean
  /** The harness can cut connections. */
  readonly sever: boolean
  /** The harness can restart the service. */
  readonly restartService: boolean
  /** Time is the harness's own. */
  readonly virtualTime: boolean
}

export type BrokerCase = ConformanceCase<BrokerStage, BrokerOffers>

/** Looks at one opened instance. */
export async function brokerOffers(harness: BrokerHarness): Promise<BrokerOffers> {
  const broker: Broker = await harness.create()
  const { capabilities } = broker
  if (capabilities.lease === 'connection' && capabilities.shared && !harness.sever) {
    throw new Error('a connection carries the leases, so the harness has to give sever(broker)')
  }
  await broker.open()
  try {
    const name = harness.queueName()
    await broker.declare({ name })
    const receiver = await broker.openReceiver(name, { leaseMs: 30_000, prefetch: 1 })
    const keeper = receiver.keeper !== undefined
    await receiver.close()
    return {
      capabilities,
      admin: broker.admin !== undefined,
      change: broker.admin?.change !== undefined,
      keeper,
      sever: harness.sever !== undefined,
      restartService: harness.restartService !== undefined,
      virtualTime: harness.now !== undefined,
    }
  } finally {
    await broker.close()
  }
}

type Need = Requirement<BrokerOffers>

function need(needs: string, holds: (offers: BrokerOffers) => boolean): Need {
  return { needs, holds }
}

export const timedLease = need("lease 'timed'", ({ capabilities }) => capabilities.lease === 'timed')
export const connectionLease = need(
  "lease 'connection'",
  ({ capabilities }) => capabilities.lease === 'connection',
)
export const strict = need("fencing 'strict'", ({ capabilities }) => capabilities.fencing === 'strict')
export const advisory = need("fencing 'advisory'", ({ capabilities }) => capabilities.fencing === 'advisory')
export const fifo = need("ordering 'fifo'", ({ capabilities }) => capabilities.ordering === 'fifo')
export const unordered = need("ordering 'none'", ({ capabilities }) => capabilities.ordering === 'none')
export const counted = need('deliveryCount', ({ capabilities }) => capabilities.deliveryCount)
export const uncounted = need('no deliveryCount', ({ capabilities }) => !capabilities.deliveryCount)
export const shared = need('shared', ({ capabilities }) => capabilities.shared)
export const durable = need('durable', ({ capabilities }) => capabilities.durable)
export const tenLevels = need('priorityLevels 10', ({ capabilities }) => capabilities.priorityLevels === 10)
export const oneLevel = need('priorityLevels 1', ({ capabilities }) => capabilities.priorityLevels === 1)
export const admin = need('admin', (offers) => offers.admin)
export const change = need('admin.change', (offers) => offers.change)
export const keeper = need('receiver.keeper', (offers) => offers.keeper)
export const realTime = need('a harness with real time', (offers) => !offers.virtualTime)
export const severs = need('a harness with sever()', (offers) => offers.sever)
export const restarts = need('a harness with restartService()', (offers) => offers.restartService)

export function atLeastLevels(levels: number): Need {
  return need(`priorityLevels >= ${levels}`, ({ capabilities }) => capabilities.priorityLevels >= levels)
}

/** Bodies larger than this are not built just to meet a limit. */
const largestBuiltBody = 32 * 1024 * 1024

export const reachableBodyLimit = need(
  'maxBodyBytes up to 32 MiB',
  ({ capabilities }) => capabilities.maxBodyBytes <= largestBuiltBody,
)
export const distantBodyLimit = need(
  'maxBodyBytes above 32 MiB',
  ({ capabilities }) => capabilities.maxBodyBytes > largestBuiltBody,
)
export const endOfDelay = need('a finite maxDelayMs', ({ capabilities }) =>
  Number.isFinite(capabilities.maxDelayMs),
)
export const endlessDelay = need(
  'an infinite maxDelayMs',
  ({ capabilities }) => capabilities.maxDelayMs === Infinity,
)
