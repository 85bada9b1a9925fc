import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { type Adapter, type Clock, systemClock } from '@tq/core/driver'
import { createVirtualClock, memory } from '@tq/core/testing'
import type { BackendHarness, BrokerHarness, HarnessBase, StoreHarness } from '../src/harness.ts'

const url = 'memory:'

/** All three harnesses over one memory store. */
export interface MemoryHarness {
  readonly broker: BrokerHarness
  readonly backend: BackendHarness
  readonly store: StoreHarness
}

/** The memory adapter on real or virtual time; `wrap` lets a mutant stand in for it. */
export function memoryHarness(
  time: 'real' | 'virtual',
  wrap: (adapter: Adapter) => Adapter = (adapter) => adapter,
): MemoryHarness {
  const virtual = time === 'virtual' ? createVirtualClock() : undefined
  const clock: Clock = virtual ?? systemClock
  const context = { namespace: 'test', clock }
  const adapter = wrap(memory())
  const base: HarnessBase = {
    name: `memory-${time}`,
    sleep: (ms) => (virtual ? virtual.advance(ms) : wait(ms)),
    ...(virtual ? { now: () => virtual.monotonic() } : {}),
    dispose: async () => {},
  }
  const createBroker = async () => made(adapter.createBroker?.(url, context))
  const createBackend = async () => made(adapter.createBackend?.(url, context))
  const name = () => `x-${randomUUID()}`
  return {
    broker: { ...base, create: createBroker, queueName: name },
    backend: { ...base, create: createBackend, key: name },
    store: {
      ...base,
      create: async () => ({ broker: await createBroker(), backend: await createBackend() }),
      queueName: name,
      key: name,
    },
  }
}

function made<T>(service: T | undefined): T {
  if (service === undefined) throw new Error('the adapter does not make this')
  return service
}
