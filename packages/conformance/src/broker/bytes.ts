import assert from 'node:assert/strict'
import type { OutboundMessage } from '@tq/core/driver'
import type { BrokerCase } from './offers.ts'
import { type BrokerStage, bytes, message } from './stage.ts'

/** What comes of a message that was published alone. */
async function carried(stage: BrokerStage, parts: Partial<OutboundMessage>) {
  const { broker, queue, receiver } = await stage.set()
  await stage.publish(broker, queue, message(parts))
  const { message: received } = await stage.takeOne(receiver)
  return received
}

export const bytesCases: readonly BrokerCase[] = [
  {
    id: 'bytes/every-value',
    promise: 'The body is opaque: a broker never parses it.',
    async run(stage) {
      const body = Uint8Array.from({ length: 1_024 }, (_, at) => at % 256)
      const received = await carried(stage, { body })
      assert.ok(received.body instanceof Uint8Array)
      assert.deepEqual([...received.body], [...body])
    },
  },
  {
    id: 'bytes/empty-body',
    promise: 'The body is opaque: a broker never parses it.',
    async run(stage) {
      const received = await carried(stage, { body: new Uint8Array(0) })
      assert.ok(received.body instanceof Uint8Array)
      assert.equal(received.body.byteLength, 0)
    },
  },
  {
    id: 'bytes/part-of-a-larger-buffer',
    promise: 'The body is opaque: a broker never parses it.',
    async run(stage) {
      const whole = Uint8Array.from({ length: 64 }, (_, at) => at)
      const received = await carried(stage, { body: whole.subarray(10, 20) })
      assert.deepEqual([...received.body], [10, 11, 12, 13, 14, 15, 16, 17, 18, 19])
    },
  },
  {
    id: 'bytes/text-that-looks-like-something',
    promise: 'The body is opaque: a broker never parses it.',
    async run(stage) {
      for (const text of [
        '{"x":1}',
        'null',
        ' \t\r\n',
        '\u0000',
        '0012',
        'ünï 🦊 任务',
        '\ufeffmark',
        '<a>&amp;',
      ]) {
        const received = await carried(stage, { body: bytes(text) })
        assert.deepEqual([...received.body], [...bytes(text)], JSON.stringify(text))
      }
    },
  },
  {
    id: 'bytes/no-headers',
    promise: 'Headers: few and short; any unicode text.',
    async run(stage) {
      assert.deepEqual({ ...(await carried(stage, { headers: {} })).headers }, {})
    },
  },
  {
    id: 'bytes/unicode-headers',
    promise: 'Headers: few and short; any unicode text.',
    async run(stage) {
      const headers = {
        'plain-name': 'plain value',
        empty: '',
        emoji: '🦊🇨🇭👩‍👩‍👧',
        lines: 'one\ntwo\ttabbed "quoted" \\',
        'name with spaces: größe 任务': 'ß',
        number: '007',
        json: '{"a":[1]}',
        constructor: 'a name objects have',
      }
      assert.deepEqual({ ...(await carried(stage, { headers })).headers }, headers)
    },
  },
  {
    id: 'bytes/a-dozen-headers',
    promise: 'Headers: few and short; any unicode text.',
    async run(stage) {
      const names = Array.from({ length: 12 }, (_, at) => `header-${at}`)
      const headers = Object.fromEntries(names.map((name) => [name, `${name} `.repeat(8)]))
      assert.deepEqual({ ...(await carried(stage, { headers })).headers }, headers)
    },
  },
]
