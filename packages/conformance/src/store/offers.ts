import assert from 'node:assert/strict'
import type { BrokerCapabilities } from '@tq/core/driver'
import { message } from '../broker/stage.ts'
import type { ConformanceCase, Requirement } from '../case.ts'
import type { StoreHarness } from '../harness.ts'
import { record } from '../state/stage.ts'
import { StoreStage } from './stage.ts'

/** What decides which cases of a common store apply. */
export interface StoreOffers {
  readonly capabilities: BrokerCapabilities
  /** `receiver.commit` is present. */
  readonly commit: boolean
  /** Deliveries of tasks with a record say what it says. */
  readonly verdict: boolean
  /** Time is the harness's own. */
  readonly virtualTime: boolean
}

export type StoreCase = ConformanceCase<StoreStage, StoreOffers>

/** Looks at one pair of instances and one delivery. */
export async function storeOffers(harness: StoreHarness): Promise<StoreOffers> {
  const stage = new StoreStage(harness, 1)
  try {
    const { broker, backend, queue, receiver } = await stage.set()
    assert.ok(broker.store !== undefined, 'a broker that shares its store names it')
    assert.equal(broker.store, backend.store, 'broker.store === backend.store')
    const task = record({ state: 'PENDING' })
    await stage.messages.publish(broker, queue, message({ id: task.id, record: task }))
    const { verdict } = await stage.messages.takeOne(receiver)
    return {
      capabilities: broker.capabilities,
      commit: receiver.commit !== undefined,
      verdict: verdict !== undefined,
      virtualTime: harness.now !== undefined,
    }
  } finally {
    await stage.end()
  }
}

type Need = Requirement<StoreOffers>

export const commits: Need = { needs: 'receiver.commit', holds: (offers) => offers.commit }
export const verdicts: Need = { needs: 'delivery.verdict', holds: (offers) => offers.verdict }
export const timed: Need = {
  needs: "lease 'timed'",
  holds: ({ capabilities }) => capabilities.lease === 'timed',
}
export const reachableBodyLimit: Need = {
  needs: 'maxBodyBytes up to 32 MiB',
  holds: ({ capabilities }) => capabilities.maxBodyBytes <= 32 * 1024 * 1024,
}
