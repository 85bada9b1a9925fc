import { systemClock } from '@tq/core/driver'
import { expect, test } from 'vitest'
import { adapter, sqs } from '../src/index.ts'
import { resolveOptions } from '../src/options.ts'

test('a URL says region, prefix and all options', () => {
  const url =
    'sqs://eu-central-1/shop?createQueues=true&ordering=fifo&priorities=1&maxReceiveCount=50&maxMessageBytes=262144'
  expect(resolveOptions(url, {})).toMatchObject({
    prefix: 'shop',
    connection: { region: 'eu-central-1' },
    createQueues: true,
    fifo: true,
    levels: 1,
    maxReceiveCount: 50,
    maxMessageBytes: 262_144,
  })
})

test('what is left out is found by the SDK, or has a default', () => {
  for (const url of ['sqs:', 'sqs://', 'sqs:///', 'sqs://?priorities=3']) {
    const resolved = resolveOptions(url, {})
    expect(resolved.connection).toEqual({})
    expect(resolved).toMatchObject({
      prefix: '',
      createQueues: false,
      fifo: false,
      levels: 3,
      maxReceiveCount: 100,
    })
  }
})

test('credentials and an endpoint can be in the URL, which goes before options', () => {
  const url = 'sqs://key:s%2Fcret@eu-west-1/p?endpoint=http%3A%2F%2Flocalhost%3A9324'
  const { connection } = resolveOptions(url, { connection: { region: 'us-east-1', endpoint: 'http://x' } })
  expect(connection).toMatchObject({
    region: 'eu-west-1',
    endpoint: 'http://localhost:9324',
    credentials: { accessKeyId: 'key', secretAccessKey: 's/cret' },
  })
})

test('what cannot be meant is refused by name, without the secret', () => {
  for (const [url, words] of [
    ['sqs://eu-1/a/b', 'prefix'],
    ['sqs://eu-1/under__scores', 'prefix'],
    ['sqs://eu-1/p?createQueue=true', "'createQueue' is no option"],
    ['sqs://eu-1/p?createQueues=yes', 'createQueues is one of: true false'],
    ['sqs://eu-1/p?ordering=lifo', 'ordering is one of: none fifo'],
    ['sqs://eu-1/p?priorities=10', 'priorities is one of: 1 3'],
    ['sqs://eu-1/p?maxReceiveCount=0', 'maxReceiveCount is a whole number from 1 to 1000'],
    ['sqs://key@eu-1/p', 'key:secret@'],
    ['sqs://key:hidden@eu_1/p', "'eu_1' is no region"],
    ['sqs:queue', 'write sqs://region/prefix'],
  ] as const) {
    const read = () => resolveOptions(url, {})
    expect(read, url).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
    expect(read, url).toThrow(words)
    expect(read, url).not.toThrow('hidden')
  }
})

test('capabilities follow the options, and a keeper needs options that can go to its thread', async () => {
  const context = { namespace: 'tq', clock: systemClock }
  const standard = adapter.createBroker?.('sqs://eu-central-1', context)
  expect(standard?.capabilities).toMatchObject({ priorityLevels: 3, ordering: 'none', deliveryCount: true })
  const fifo = sqs({ ordering: 'fifo', priorities: 1 }).createBroker?.('sqs://eu-central-1', context)
  expect(fifo?.capabilities).toMatchObject({
    priorityLevels: 1,
    ordering: 'fifo',
    deliveryCount: false,
    maxDelayMs: 1,
  })
  const small = adapter.createBroker?.('sqs://eu-central-1?maxMessageBytes=262144', context)
  expect(small?.capabilities.maxBodyBytes).toBeLessThan(196_608)
  await Promise.all([standard, fifo, small].map((broker) => broker?.close()))
})
