import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import { type Adapter, createApp, createWorker, type } from '@tq/core'
import { sqs } from '@tq/sqs'
import { Consumer } from 'sqs-consumer'
import type { Calls } from '../../packages/sqs/test/services/own/server.ts'
import { type OwnSqs, startOwnSqs } from '../../packages/sqs/test/services/own.ts'
import { sqsUrl } from '../../packages/sqs/test/services/test-sqs.ts'
import { type Payload, payload } from './drain.ts'

/** What one contender did with a backlog. */
interface Run {
  readonly sendPerSecond: number
  /** From the first tenth on: to start is once in a lifetime. */
  readonly drainPerSecond: number
  /** Of the process that runs them, from the first tenth on. */
  readonly cpuPerTask: number
  /** Calls per 1,000 tasks: to send, receive and delete. */
  readonly calls: readonly [number, number, number]
}

type Contender = (service: OwnSqs, tasks: number, name: string) => Promise<Run>

/** As many loops as hide the round trip. */
const loops = 8
const idleSeconds = 60

/** tq beside sqs-consumer and the bare SDK, on one endpoint in a process of its own; and what an idle worker asks. */
export async function onSqs(rounds: number, tasks = 5_000): Promise<void> {
  const service = await startOwnSqs()
  const contenders: Readonly<Record<string, Contender>> = {
    'tq, 20 at a time': ours(20),
    'tq, 100 at a time': ours(100),
    'sqs-consumer, batches of 10': sqsConsumer,
    'raw SDK, 1 loop': raw(1),
    [`raw SDK, ${loops} loops`]: raw(loops),
  }
  const runs = new Map<string, Run[]>(Object.keys(contenders).map((name) => [name, []]))
  try {
    for (let round = 0; round < rounds; round++) {
      for (const [name, run] of Object.entries(contenders)) {
        runs.get(name)?.push(await run(service, tasks, `${name.replaceAll(/\W+/g, '-')}-${round}`))
      }
    }
    print(tasks, runs)
    console.log(`\nan idle worker: ${(await idle(service)).toFixed(3)} calls/s per band, after half a minute`)
  } finally {
    await service.stop()
  }
}

function ours(concurrency: number): Contender {
  return async (service, tasks, name) => {
    const adapter: Adapter = sqs()
    const options = {
      broker: sqsUrl(service.endpoint),
      backend: false as const,
      adapters: [adapter],
      logger: quiet,
    }
    const app = createApp({ ...options, namespace: name.slice(0, 32).replace(/-$/, '') })
    let done = 0
    let finish = () => {}
    const finished = new Promise<void>((resolve) => {
      finish = resolve
    })
    const noop = app.task({ name: 'noop', input: type<Payload>(), run: () => ({ ok: true }) })
    let started = () => {}
    app.on('succeeded', () => {
      if (++done === tasks / 10) started()
      if (done === tasks) finish()
    })
    // Queues are created once in a lifetime.
    const first = createWorker(app)
    await first.start()
    await first.stop()
    return await measured(
      service,
      tasks,
      () => noop.delayMany(Array.from({ length: tasks }, (_, n) => payload(n))),
      async (begun) => {
        started = begun
        const worker = createWorker(app, { concurrency })
        await worker.start()
        await finished
        return async () => {
          await worker.stop()
          await app.close()
        }
      },
    )
  }
}

const sqsConsumer: Contender = async (service, tasks, name) => {
  const { client, url } = await queue(service, name)
  return await measured(
    service,
    tasks,
    () => sendRaw(client, url, tasks),
    async (begun) => {
      let done = 0
      let finish = () => {}
      const finished = new Promise<void>((resolve) => {
        finish = resolve
      })
      const consumer = Consumer.create({
        sqs: client,
        queueUrl: url,
        batchSize: 10,
        handleMessageBatch: async (messages) => {
          for (const { Body } of messages) JSON.parse(Body ?? '')
          return messages
        },
      })
      consumer.on('response_processed', () => {
        done += 10
        if (done === tasks / 10) begun()
        if (done >= tasks) finish()
      })
      consumer.start()
      await finished
      return async () => consumer.stop({ abort: true })
    },
  )
}

function raw(parallel: number): Contender {
  return async (service, tasks, name) => {
    const { client, url } = await queue(service, name)
    return await measured(
      service,
      tasks,
      () => sendRaw(client, url, tasks),
      async (begun) => {
        let done = 0
        const loop = async () => {
          while (done < tasks) {
            const { Messages = [] } = await client.send(
              new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10 }),
            )
            if (Messages.length === 0) continue
            for (const { Body } of Messages) JSON.parse(Body ?? '')
            const Entries = Messages.map(({ ReceiptHandle }, at) => ({ Id: String(at), ReceiptHandle }))
            await client.send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries }))
            if (done < tasks / 10 && done + Messages.length >= tasks / 10) begun()
            done += Messages.length
          }
        }
        await Promise.all(Array.from({ length: parallel }, loop))
        return async () => client.destroy()
      },
    )
  }
}

async function queue(
  service: OwnSqs,
  name: string,
): Promise<{ readonly client: SQSClient; readonly url: string }> {
  const client = new SQSClient({
    endpoint: service.endpoint,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  })
  const { QueueUrl = '' } = await client.send(new CreateQueueCommand({ QueueName: name.slice(0, 80) }))
  return { client, url: QueueUrl }
}

async function sendRaw(client: SQSClient, url: string, tasks: number): Promise<void> {
  let next = 0
  const loop = async () => {
    while (next < tasks) {
      const Entries = Array.from({ length: Math.min(10, tasks - next) }, () => ({
        Id: String(next),
        MessageBody: JSON.stringify(payload(next++)),
      }))
      await client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }))
    }
  }
  await Promise.all(Array.from({ length: loops }, loop))
}

/** @param drain says when a tenth is done, and returns how to end, which is not measured */
async function measured(
  service: OwnSqs,
  tasks: number,
  send: () => Promise<unknown>,
  drain: (begun: () => void) => Promise<() => Promise<unknown> | undefined>,
): Promise<Run> {
  const before = await service.calls()
  const sendStart = performance.now()
  await send()
  const sent = performance.now()
  let begunAt = sent
  let cpu = process.cpuUsage()
  const end = await drain(() => {
    begunAt = performance.now()
    cpu = process.cpuUsage()
  })
  const ended = performance.now()
  const { user, system } = process.cpuUsage(cpu)
  const after = await service.calls()
  await end()
  const per1000 = (action: keyof Calls['byAction']) =>
    (((after.byAction[action] ?? 0) - (before.byAction[action] ?? 0)) / tasks) * 1_000
  return {
    sendPerSecond: (tasks / (sent - sendStart)) * 1_000,
    cpuPerTask: (user + system) / (0.9 * tasks),
    drainPerSecond: ((0.9 * tasks) / (ended - begunAt)) * 1_000,
    calls: [per1000('SendMessageBatch'), per1000('ReceiveMessage'), per1000('DeleteMessageBatch')],
  }
}

async function idle(service: OwnSqs): Promise<number> {
  const app = createApp({
    broker: sqsUrl(service.endpoint),
    backend: false,
    adapters: [sqs()],
    namespace: 'idle',
    logger: quiet,
  })
  const worker = createWorker(app)
  await worker.start()
  const wait = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
  await wait(35)
  const total = async () =>
    Object.values((await service.calls()).byAction).reduce((sum, count) => sum + count, 0)
  const before = await total()
  await wait(idleSeconds)
  const perBand = ((await total()) - before) / idleSeconds / 3
  await worker.stop()
  await app.close()
  return perBand
}

function print(tasks: number, runs: ReadonlyMap<string, readonly Run[]>): void {
  console.log(
    `\nSQS (an endpoint as documented): ${tasks.toLocaleString('en')} no-op tasks; medians of the rounds`,
  )
  const line = (cells: readonly (string | number)[]) =>
    console.log(
      cells.map((cell, at) => (at === 0 ? String(cell).padEnd(30) : String(cell).padStart(14))).join(''),
    )
  line(['', 'send/s', 'drain/s', 'CPU µs/task', 'calls/1,000', 'fill sent', 'fill received', 'fill deleted'])
  for (const [name, list] of runs) {
    const of = (pick: (run: Run) => number) => median(list.map(pick))
    const calls = [0, 1, 2].map((at) => of((run) => run.calls[at] ?? Number.NaN))
    line([
      name,
      Math.round(of(({ sendPerSecond }) => sendPerSecond)).toLocaleString('en'),
      Math.round(of(({ drainPerSecond }) => drainPerSecond)).toLocaleString('en'),
      Math.round(of(({ cpuPerTask }) => cpuPerTask)),
      calls.reduce((sum, count) => sum + count, 0).toFixed(0),
      ...calls.map((count) => (1_000 / count).toFixed(1)),
    ])
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
