import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { idsOf, message, messages, Service, take } from './service.ts'
import { type OwnSqs, startOwnSqs } from './services/own.ts'

let own: OwnSqs
let service: Service
beforeAll(async () => {
  own = await startOwnSqs()
})
afterAll(() => own.stop())
afterEach(() => service.close())

const soon = { max: 10, waitMs: 1_000, signal: new AbortController().signal }

test('without createQueues a missing queue is told by its name on SQS, everywhere', async () => {
  service = new Service(own.endpoint)
  const broker = await service.broker('&createQueues=false')
  const declaring = broker.declare({ name: 'jobs' })
  await expect(declaring).rejects.toThrow(`'${service.namespace}__jobs__high'`)
  expect(broker.classify(await declaring.catch((error: unknown) => error))).toBe('queue-missing')
  expect(await broker.publish('jobs', [message()])).toMatchObject([{ rejected: 'queue-missing' }])
  await expect(broker.openReceiver('jobs', { leaseMs: 1_000, prefetch: 1 })).rejects.toThrow('jobs')
})

test('queues made by others are used as they are, when they are good enough', async () => {
  service = new Service(own.endpoint)
  const client = service.client()
  for (const band of ['high', 'normal', 'low']) {
    await client.send(new CreateQueueCommand({ QueueName: `${service.namespace}__jobs__${band}` }))
  }
  const broker = await service.broker('&createQueues=false')
  await broker.declare({ name: 'jobs' })
  await broker.publish('jobs', [message({ id: 'here' })])
  const receiver = await broker.openReceiver('jobs', { leaseMs: 5_000, prefetch: 1 })
  expect(idsOf(await receiver.receive(soon))).toEqual(['here'])

  const low = await service.url(`${service.namespace}__jobs__low`)
  await client.send(
    new SetQueueAttributesCommand({ QueueUrl: low, Attributes: { MaximumMessageSize: '262144' } }),
  )
  const declaring = broker.declare({ name: 'jobs' })
  await expect(declaring).rejects.toThrow('MaximumMessageSize to 1048576')
  expect(broker.classify(await declaring.catch((error: unknown) => error))).toBe('config')
  await (await service.broker('&createQueues=false&maxMessageBytes=262144')).declare({ name: 'jobs' })
})

test('created queues keep messages for two weeks, take a MiB, and have a net', async () => {
  service = new Service(own.endpoint)
  await (await service.broker('&priorities=1')).declare({ name: 'jobs' })
  const url = await service.url(`${service.namespace}__jobs__all`)
  const { Attributes } = await service
    .client()
    .send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }))
  expect(Attributes).toMatchObject({ MessageRetentionPeriod: '1209600', MaximumMessageSize: '1048576' })
  expect(JSON.parse(Attributes?.RedrivePolicy ?? '')).toEqual({
    deadLetterTargetArn: expect.stringMatching(/__jobs--dead__all$/),
    maxReceiveCount: 100,
  })
})

test('the net catches what SQS itself gives up, in our dead-letter queue', { timeout: 20_000 }, async () => {
  service = new Service(own.endpoint)
  const broker = await service.broker('&maxReceiveCount=1')
  await broker.declare({ name: 'jobs' })
  await broker.publish('jobs', [message({ id: 'poison' })])
  const receiver = await broker.openReceiver('jobs', { leaseMs: 1_000, prefetch: 10 })
  expect(idsOf(await take(receiver, 1))).toEqual(['poison'])
  // Its lease ends, and the next receive would be one too many.
  expect(await receiver.receive({ ...soon, waitMs: 2_500 })).toEqual([])
  const dead = await broker.openReceiver('jobs.dead', { leaseMs: 5_000, prefetch: 10 })
  expect(idsOf(await take(dead, 1))).toEqual(['poison'])
})

test('what others put into a queue is handed on as it is', async () => {
  service = new Service(own.endpoint)
  const broker = await service.broker()
  await broker.declare({ name: 'jobs' })
  const QueueUrl = await service.url(`${service.namespace}__jobs__normal`)
  const { MessageId } = await service
    .client()
    .send(new SendMessageCommand({ QueueUrl, MessageBody: '{"not":"ours"} 🦊' }))
  const receiver = await broker.openReceiver('jobs', { leaseMs: 5_000, prefetch: 10 })
  const [delivery] = await take(receiver, 1)
  expect(delivery?.message).toMatchObject({ id: MessageId, headers: {}, priority: 4 })
  expect(Buffer.from(delivery?.message.body ?? []).toString()).toBe('{"not":"ours"} 🦊')
  expect(await receiver.nack(delivery ? [delivery.lease] : [], { delayMs: 0 })).toEqual(['ok'])
  expect(idsOf(await take(receiver, 1))).toEqual([MessageId])
})

test('large messages share calls only as far as a call takes them', async () => {
  service = new Service(own.endpoint)
  const broker = await service.broker()
  await broker.declare({ name: 'jobs' })
  const before = (await own.calls()).byAction['SendMessageBatch'] ?? 0
  const large = messages(10).map((one) => ({ ...one, body: Buffer.alloc(300_000, 'x') }))
  expect(await broker.publish('jobs', large)).toEqual(large.map(() => 'accepted'))
  expect(((await own.calls()).byAction['SendMessageBatch'] ?? 0) - before).toBe(4)
})
