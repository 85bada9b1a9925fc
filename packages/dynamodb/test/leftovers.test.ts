import { setTimeout as sleep } from 'node:timers/promises'
import { type AttributeValue, DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb'
import { chain, chord, createApp, createWorker, group, type } from '@tq/core'
import { memory } from '@tq/core/testing'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { dynamodb } from '../src/index.ts'
import { Stage } from './stage.ts'

// DynamoDB removes what has a time to live, and nothing else: what has none stays for good, and is paid for.
const stage = new Stage()
beforeAll(() => stage.start())
afterAll(() => stage.stop())
afterEach(() => stage.end())

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const daySeconds = 86_400

async function everything(): Promise<readonly Readonly<Record<string, AttributeValue>>[]> {
  const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' }
  const client = new DynamoDBClient({ endpoint: stage.endpoint, region: 'eu-central-1', credentials })
  stage.also({ close: () => client.destroy() })
  const items: Record<string, AttributeValue>[] = []
  for await (const { Items = [] } of paginateScan({ client }, { TableName: stage.table }))
    items.push(...Items)
  return items
}

/** Kinds of the items that stay longer than so many days, or for good. */
function stays(items: readonly Readonly<Record<string, AttributeValue>>[], days: number): readonly string[] {
  const latest = Date.now() / 1_000 + days * daySeconds
  const kept = items.filter(({ ttl }) => !(Number(ttl?.N) < latest))
  return kept.map(({ pk, ttl }) => `${pk?.S}: ${ttl?.N ?? 'for good'}`)
}

const codeOf = (error: unknown) => (error as { readonly code?: string }).code

test('nothing of workflows, limits and delays stays for good when they have ended', {
  timeout: 60_000,
}, async () => {
  await stage.connect(0, { direct: true })
  const app = createApp({
    broker: 'memory:',
    backend: `dynamodb://key:secret@eu-central-1/${stage.table}?createTable=true&timeoutMs=20000&endpoint=${stage.endpoint}`,
    adapters: [memory(), dynamodb()],
    namespace: 'workflows',
    logger: quiet,
  })
  stage.also({ close: () => app.close() })
  const add = app.task({
    name: 'add',
    input: type<{ x: number; y: number }>(),
    run: ({ x, y }) => x + y,
  })
  const limited = app.task({ name: 'limited', rateLimit: '20/s', concurrency: 1, run: () => sleep(20) })
  const sum = app.task({
    name: 'sum',
    input: type<readonly number[]>(),
    run: (numbers) => numbers.reduce((total, n) => total + n, 0),
  })
  const fails = app.task({
    name: 'fails',
    input: type<number>(),
    retry: { maxRetries: 1, backoff: { type: 'fixed', base: '10ms' } },
    run: (): number => {
      throw new Error('no')
    },
  })
  const once = app.task({ name: 'once', run: (_, ctx) => ctx.once('effect', () => 1) })
  const worker = createWorker(app, { concurrency: 8 })
  await worker.start()
  const soon = { timeout: '30s' } as const
  const many = Array.from({ length: 60 }, (_, n) => add.s({ x: n, y: 1 }))
  const ended = [
    chain(add.s({ x: 1, y: 2 }), add.s({ x: 3 }, { from: 'y' })).delay(),
    group(many.slice(0, 3)).delay(),
    chord(many, sum.s()).delay(),
    chain(fails.s(1), add.s({ x: 1 }, { from: 'y' })).delay(),
    chord([add.s({ x: 1, y: 1 }), fails.s(1)], sum.s()).delay(),
    once.applyAsync(undefined, { uniqueKey: 'one' }),
    add.applyAsync({ x: 1, y: 1 }, { countdown: '300ms' }),
    ...Array.from({ length: 6 }, () => limited.delay()),
  ]
  const failures = await Promise.all(
    ended.map(async (one) => await (await one).get(soon).then(() => 0, codeOf)),
  )
  expect(failures.filter((code) => code !== 0)).toEqual(['TASK_FAILED', 'TASK_FAILED'])
  const given = await add.applyAsync({ x: 1, y: 1 }, { countdown: '1h' })
  await given.revoke()
  await worker.stop()
  const items = await everything()
  const kinds = new Set(items.map(({ pk }) => pk?.S?.split('#')[1]))
  for (const kind of [
    'record',
    'value',
    'member',
    'join',
    'joined',
    'progress',
    'roster',
    'count',
    'place',
    'rate',
  ]) {
    expect(kinds).toContain(kind)
  }
  expect(stays(items, 100)).toEqual([])
})
