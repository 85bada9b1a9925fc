import assert from 'node:assert/strict'
import type { PayloadStore } from '@tq/core/driver'
import type { ConformanceCase } from '../case.ts'
import type { PayloadStage } from './stage.ts'

type PayloadCase = ConformanceCase<PayloadStage, object>

const text = (value: string): Uint8Array => new TextEncoder().encode(value)

async function read(store: PayloadStore, names: Parameters<PayloadStore['get']>[0]) {
  return (await store.get(names)).map((body) => body && Buffer.from(body).toString('latin1'))
}

export const payloadCases: readonly PayloadCase[] = [
  {
    id: 'payloads/seen-by-everyone',
    promise: 'Sees every put that was answered before.',
    async run(stage) {
      const [writer, reader] = [await stage.open(), await stage.open()]
      const payload = stage.payload(text('one'))
      await writer.put([payload])
      assert.deepEqual(await read(reader, [payload]), ['one'])
    },
  },
  {
    id: 'payloads/in-order-and-undefined-where-none',
    promise: 'In order; undefined where there is none.',
    async run(stage) {
      const store = await stage.open()
      const [one, two, three] = ['one', 'two', 'three'].map((value) => stage.payload(text(value)))
      assert.ok(one && two && three)
      await store.put([three, one])
      assert.deepEqual(await read(store, [one, two, three, one]), ['one', undefined, 'three', 'one'])
      assert.deepEqual(await store.get([]), [])
    },
  },
  {
    id: 'payloads/same-key-replaces',
    promise: 'The same key again replaces.',
    async run(stage) {
      const store = await stage.open()
      const first = stage.payload(text('first'))
      await store.put([first])
      const second = stage.payload(text('later'), first.key)
      await store.put([second])
      assert.deepEqual(await read(store, [second]), ['later'])
    },
  },
  {
    id: 'payloads/any-bytes',
    promise: 'Bytes in, bytes out; it never parses them.',
    async run(stage) {
      const store = await stage.open()
      const bytes = Uint8Array.from({ length: 1_024 }, (_, at) => at % 256)
      const payload = stage.payload(bytes)
      await store.put([payload])
      const [back] = await store.get([payload])
      assert.ok(back && Buffer.from(back).equals(bytes))
    },
  },
  {
    id: 'payloads/large',
    promise: 'The longest payload.',
    async run(stage) {
      const store = await stage.open()
      const length = Math.min(store.maxBytes, 5_000_001)
      const bytes = Buffer.alloc(length, 'abcdefghijklmnopq')
      const payload = stage.payload(bytes)
      await store.put([payload])
      const [back] = await store.get([payload])
      assert.ok(back && Buffer.from(back).equals(bytes))
    },
  },
  {
    id: 'payloads/keys',
    promise: 'Printable ASCII without spaces, at most 700 characters; `/` in it may make folders.',
    async run(stage) {
      const store = await stage.open()
      const odd = ['a/b/c', 'a%2Fb', '!"#$&\'()*+,-.:;<=>?@[]^_`{|}~', 'a..b', 'A', 'a', 'k'.repeat(600)]
      const payloads = odd.map((key) => stage.payload(text(key), `${stage.harness.key()}.0/${key}`))
      await store.put(payloads)
      assert.deepEqual(await read(store, payloads), odd)
    },
  },
  {
    id: 'payloads/many-at-once',
    promise: 'Resolves when all of them are as durable as the service can.',
    async run(stage) {
      const store = await stage.open()
      const payloads = Array.from({ length: 150 }, (_, at) => stage.payload(text(`payload ${at}`)))
      await store.put(payloads)
      assert.deepEqual(
        await read(store, payloads),
        payloads.map((_, at) => `payload ${at}`),
      )
      await store.delete(payloads)
      assert.ok((await store.get(payloads)).every((body) => body === undefined))
    },
  },
  {
    id: 'payloads/delete',
    promise: 'Those that are not there are no error.',
    async run(stage) {
      const store = await stage.open()
      const [gone, kept] = [stage.payload(text('gone')), stage.payload(text('kept'))]
      await store.put([gone, kept])
      await store.delete([gone, stage.payload(text('never there'))])
      await store.delete([gone])
      await store.delete([])
      assert.deepEqual(await read(store, [gone, kept]), [undefined, 'kept'])
    },
  },
  {
    id: 'payloads/open-idempotent',
    promise: 'Idempotent. Rejects when the service cannot be reached.',
    async run(stage) {
      const store = await stage.open()
      await Promise.all([store.open(), store.open()])
      assert.deepEqual(await store.get([stage.payload(text('x'))]), [undefined])
    },
  },
  {
    id: 'payloads/close-idempotent-and-final',
    promise: 'Idempotent.',
    async run(stage) {
      const store = await stage.open()
      await stage.time.until(Promise.all([store.close(), store.close()]))
      const payload = stage.payload(text('x'))
      for (const call of [
        () => store.put([payload]),
        () => store.get([payload]),
        () => store.delete([payload]),
      ]) {
        const error = await stage.time.until(
          call().then(
            () => undefined,
            (thrown: unknown) => thrown,
          ),
        )
        assert.equal(store.classify(error), 'closed')
      }
    },
  },
  {
    id: 'payloads/classify-foreign-errors-are-unknown',
    promise: 'What a raw client error means.',
    async run(stage) {
      const store = await stage.open()
      for (const error of [new Error('something else'), 'text', 7, null, undefined, {}]) {
        assert.equal(store.classify(error), 'unknown', String(error))
      }
    },
  },
]
