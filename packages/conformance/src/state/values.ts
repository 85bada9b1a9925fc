import assert from 'node:assert/strict'
import type { BackendCase } from './offers.ts'
import { reachableValueLimit, shared, stateWatch } from './offers.ts'
import { longTtlMs } from './stage.ts'

const ttlMs = longTtlMs

export const valueCases: readonly BackendCase[] = [
  {
    id: 'state/put-then-get',
    promise: 'What was answered is seen by everyone.',
    async run(stage) {
      const backend = await stage.open()
      const reader = await stage.again(backend)
      const [first, second] = [stage.key(), stage.key()]
      const put = await backend.state.put(first, 'one', { ttlMs })
      assert.ok(typeof put === 'object')
      assert.equal(put.value, 'one')
      await backend.state.put(second, 'two', { ttlMs })
      const stored = await reader.state.get([second, stage.key(), first])
      assert.deepEqual(
        stored.map((one) => one?.value),
        ['two', undefined, 'one'],
      )
      assert.equal(stored[2]?.version, put.version)
      assert.deepEqual(await reader.state.get([]), [])
    },
  },
  {
    id: 'state/values-are-text-and-never-parsed',
    promise: 'Values are text and never parsed.',
    async run(stage) {
      const state = await stage.state()
      for (const value of [
        '',
        '0',
        '007',
        'null',
        '{"a":1}',
        ' \n\t ',
        'ünï 🦊 任务',
        `'"\\%_`,
        'x'.repeat(32_768),
      ]) {
        const key = stage.key()
        await state.put(key, value, { ttlMs })
        assert.equal((await state.get([key]))[0]?.value, value)
      }
    },
  },
  {
    id: 'state/keys-are-text-too',
    promise: 'Values are text and never parsed.',
    async run(stage) {
      const state = await stage.state()
      const base = stage.key()
      const keys = [':{x}', ' space', '/größe', '任务🦊', `"'\\`, '%', '_', '*?[a]', 'A', 'a'].map(
        (tail) => base + tail,
      )
      for (const key of keys) await state.put(key, key, { ttlMs })
      assert.deepEqual(
        (await state.get(keys)).map((one) => one?.value),
        keys,
        'no two share a value',
      )
    },
  },
  {
    id: 'state/verbs-do-not-share-names',
    promise: 'Small, must-be-right shared state.',
    async run(stage) {
      const state = await stage.state()
      const name = stage.key()
      await state.put(name, 'value', { ttlMs })
      await state.add(name, 'member', 'value', { ttlMs })
      await state.expect(name, ['child'], { ttlMs, sealed: true })
      await state.park(name, { key: 'item', value: 'value' }, { delayMs: 60_000 })
      assert.ok(await state.acquire(name, 'holder', { limit: 1, ttlMs }))
      assert.equal(await state.take(name, { limit: 1, windowMs: 60_000, cost: 1 }), 0)
      await state.count(name, { field: 1 }, { ttlMs })
      assert.equal((await state.get([name]))[0]?.value, 'value')
      assert.equal((await state.page(name, { limit: 10 })).members.length, 1)
      assert.equal((await state.join([{ join: name, child: 'child', value: 'value' }]))[0]?.complete, true)
      assert.equal(await state.unpark(name, ['item']), 1)
      assert.deepEqual(await state.holders(name), ['holder'])
      assert.deepEqual({ ...(await state.counted([name]))[0] }, { field: 1 })
    },
  },
  {
    id: 'state/a-value-expires',
    promise: "put with ttlMs. Times are the store's own.",
    async run(stage) {
      const state = await stage.state()
      const [short, renewed] = [stage.key(), stage.key()]
      await state.put(short, 'soon gone', { ttlMs: stage.shortMs })
      await state.put(renewed, 'first', { ttlMs: stage.shortMs })
      await stage.time.sleep(stage.shortMs / 2)
      assert.equal((await state.get([short]))[0]?.value, 'soon gone', 'not before its time')
      await state.put(renewed, 'second', { ttlMs })
      await stage.time.sleep(stage.shortMs / 2 + stage.resolution + 50)
      const [gone, kept] = await state.get([short, renewed])
      assert.equal(gone, undefined)
      assert.equal(kept?.value, 'second', 'each put counts anew')
      assert.equal(await state.delete(short), false, 'an expired one is not there to delete')
      assert.ok(typeof (await state.put(short, 'new', { ttlMs, ifAbsent: true })) === 'object')
    },
  },
  {
    id: 'state/longest-value-fits-and-more-is-refused',
    promise: 'The longest record detail or state value. `limit` (too large, too many).',
    requires: [reachableValueLimit],
    async run(stage) {
      const backend = await stage.open()
      const { maxValueBytes } = backend.capabilities
      const key = stage.key()
      await backend.state.put(key, 'x'.repeat(maxValueBytes), { ttlMs })
      const larger = backend.state.put(key, 'x'.repeat(maxValueBytes + 1), { ttlMs })
      await assert.rejects(larger, (error) => backend.classify(error) === 'limit')
      assert.equal((await backend.state.get([key]))[0]?.value.length, maxValueBytes)
    },
  },
  {
    id: 'state/instances-share-it',
    promise: 'Instances created separately, in other processes too, see the same data.',
    requires: [shared],
    async run(stage) {
      const first = await stage.open()
      const key = stage.key()
      await first.state.put(key, 'kept', { ttlMs })
      await stage.time.until(first.close())
      assert.equal((await (await stage.state()).get([key]))[0]?.value, 'kept')
    },
  },
  {
    id: 'state/watch-a-hint-or-a-poll-shows-the-change',
    promise:
      'A hint that a key or collection with this prefix may have changed. May be lost, doubled or late.',
    requires: [stateWatch],
    async run(stage) {
      const backend = await stage.open()
      const writer = await stage.again(backend)
      const prefix = stage.key()
      let hints = 0
      const unwatch = backend.state.watch?.(prefix, () => {
        hints++
      })
      assert.ok(unwatch)
      await writer.state.put(`${prefix}.value`, 'new', { ttlMs })
      const look = async () => {
        const [stored] = await backend.state.get([`${prefix}.value`])
        return hints > 0 || stored !== undefined ? true : undefined
      }
      await stage.time.eventually(look, 5_000, 'the change is seen')
      unwatch()
      unwatch()
    },
  },
]
