import assert from 'node:assert/strict'
import type { BrokerCase } from './offers.ts'

export const capabilityCases: readonly BrokerCase[] = [
  {
    id: 'capabilities/every-field-is-sane',
    promise: 'Every field is required.',
    async run(stage) {
      const { name, capabilities } = await stage.open()
      assert.ok(name.length > 0, 'a broker has a name for people')
      for (const field of ['durable', 'shared', 'deliveryCount'] as const) {
        assert.equal(typeof capabilities[field], 'boolean', field)
      }
      assert.ok(['timed', 'connection'].includes(capabilities.lease), 'lease')
      assert.ok(['strict', 'advisory'].includes(capabilities.fencing), 'fencing')
      assert.ok(['none', 'fifo'].includes(capabilities.ordering), 'ordering')
      assert.ok(capabilities.maxLeaseMs > 0, 'maxLeaseMs is above 0, or Infinity')
      assert.ok(capabilities.maxDelayMs > 0, 'maxDelayMs is above 0: core reaches longer delays by hops')
      assert.ok(capabilities.maxBodyBytes >= 1_024, 'a body of 1 KiB fits everywhere')
      assert.ok(capabilities.maxBatch >= 5, 'small groups go in one call')
      assert.ok(
        capabilities.timeResolutionMs > 0 && capabilities.timeResolutionMs <= 5_000,
        'timeResolutionMs',
      )
      const levels = capabilities.priorityLevels
      assert.ok(Number.isInteger(levels) && levels >= 1 && levels <= 10, 'priorityLevels is 1 to 10')
    },
  },
  {
    id: 'capabilities/known-before-open',
    promise: 'Constant for the life of the instance.',
    async run(stage) {
      const broker = await stage.harness.create()
      const before = { ...broker.capabilities }
      await broker.open()
      try {
        assert.deepEqual({ ...broker.capabilities }, before, 'open() changes no capability')
      } finally {
        await broker.close()
      }
      assert.deepEqual({ ...broker.capabilities }, before, 'close() changes no capability')
    },
  },
  {
    id: 'capabilities/same-for-every-instance',
    promise: 'Constant for the life of the instance.',
    async run(stage) {
      const [first, second] = [await stage.open(), await stage.open()]
      assert.deepEqual({ ...first.capabilities }, { ...second.capabilities })
      assert.equal(first.store, second.store, 'one configuration writes to one store')
    },
  },
  {
    id: 'classify/foreign-errors-are-unknown',
    promise: 'What a raw client error means.',
    async run(stage) {
      const broker = await stage.open()
      for (const error of [new Error('something else'), 'text', 7, null, undefined, {}, new TypeError('x')]) {
        assert.equal(broker.classify(error), 'unknown', String(error))
      }
    },
  },
]
