import assert from 'node:assert/strict'
import { codeOf } from '../broker/stage.ts'
import type { BackendCase } from '../state/offers.ts'
import { record } from '../state/stage.ts'

export const closeCases: readonly BackendCase[] = [
  {
    id: 'backend/open-idempotent',
    promise: 'Idempotent. After it resolves every method works.',
    async run(stage) {
      const backend = await stage.open()
      await Promise.all([backend.open(), backend.open()])
      assert.deepEqual(await backend.results.put([record()]), ['stored'])
    },
  },
  {
    id: 'backend/close-idempotent-and-final',
    promise: '`closed`: the instance was closed.',
    async run(stage) {
      const backend = await stage.open()
      await stage.time.until(Promise.all([backend.close(), backend.close()]))
      await stage.time.until(backend.close())
      const { results, state } = backend
      const claim = { id: 'x', generation: 0, attempt: 0, runId: 'x', ttlMs: 1_000 }
      assert.equal(await codeOf(backend, results.get(['x'])), 'closed', 'results.get')
      assert.equal(await codeOf(backend, results.put([record()])), 'closed', 'results.put')
      assert.equal(await codeOf(backend, results.claim([claim])), 'closed', 'results.claim')
      assert.equal(await codeOf(backend, results.delete(['x'])), 'closed', 'results.delete')
      assert.equal(await codeOf(backend, state.get(['x'])), 'closed', 'state.get')
      assert.equal(await codeOf(backend, state.put('x', 'y', { ttlMs: 1_000 })), 'closed', 'state.put')
    },
  },
  {
    id: 'backend/close-before-open',
    promise: 'Idempotent.',
    async run(stage) {
      const backend = await stage.harness.create()
      await stage.time.until(backend.close())
    },
  },
  {
    id: 'backend/capabilities-every-field-is-sane',
    promise: 'Every field is required.',
    async run(stage) {
      const { name, capabilities } = await stage.open()
      assert.ok(name.length > 0)
      assert.equal(typeof capabilities.durable, 'boolean')
      assert.equal(typeof capabilities.shared, 'boolean')
      assert.ok(capabilities.maxValueBytes >= 64 * 1024, 'a result of 64 KiB fits everywhere')
      assert.ok(capabilities.timeResolutionMs > 0 && capabilities.timeResolutionMs <= 5_000)
    },
  },
  {
    id: 'backend/classify-foreign-errors-are-unknown',
    promise: 'What a raw client error means.',
    async run(stage) {
      const backend = await stage.open()
      for (const error of [new Error('something else'), 'text', 7, null, undefined, {}]) {
        assert.equal(backend.classify(error), 'unknown', String(error))
      }
    },
  },
]
