import { randomUUID } from 'node:crypto'
import { CreateTableCommand, DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb'
import type { Backend } from '@tq/core/driver'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Body } from './services/proxy.ts'
import { everyVerb, failureOf, record, Stage, ttlMs } from './stage.ts'

const stage = new Stage()
beforeAll(() => stage.start())
afterAll(() => stage.stop())
afterEach(() => stage.end())

describe('the table', { timeout: 30_000 }, () => {
  test('that is not there is told, or made by whoever may', async () => {
    await stage.connect(0)
    const table = `t-${randomUUID()}`
    const strict = stage.backendAt(table)
    expect(await failureOf(strict, strict.open())).toBe('config')
    // Some at once.
    await Promise.all([stage.openAt(table), stage.openAt(table), stage.openAt(table)])
    await strict.open()
    expect(await strict.results.put([record('a')])).toEqual(['stored'])
  })

  test('that is another one is refused', async () => {
    await stage.connect(0)
    const { endpoint } = stage
    const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' }
    const client = new DynamoDBClient({ endpoint, region: 'eu-central-1', credentials })
    stage.also({ close: () => client.destroy() })
    const TableName = `t-${randomUUID()}`
    await client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      }),
    )
    const backend = stage.backendAt(`${TableName}?createTable=true`)
    expect(await failureOf(backend, backend.open())).toBe('config')
  })

  test('without the indexes for it lists nothing, and does all else', async () => {
    await stage.connect(0)
    const { endpoint } = stage
    const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' }
    const client = new DynamoDBClient({ endpoint, region: 'eu-central-1', credentials })
    stage.also({ close: () => client.destroy() })
    const TableName = `t-${randomUUID()}`
    const keyed = (range: string) => [
      { AttributeName: 'pk', KeyType: 'HASH' as const },
      { AttributeName: range, KeyType: 'RANGE' as const },
    ]
    await client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [
          { AttributeName: 'pk', AttributeType: 'S' },
          { AttributeName: 'sk', AttributeType: 'S' },
          { AttributeName: 'due', AttributeType: 'N' },
        ],
        KeySchema: keyed('sk'),
        LocalSecondaryIndexes: [
          { IndexName: 'due', KeySchema: keyed('due'), Projection: { ProjectionType: 'KEYS_ONLY' } },
        ],
      }),
    )
    const backend = await stage.openAt(TableName)
    expect(backend.results.history).toBeUndefined()
    await everyVerb(backend)
    const { Items = [] } = await client.send(new ScanCommand({ TableName }))
    expect(Items.filter((item) => item['seen'] ?? item['shard'])).toEqual([])
  })

  test('is never scanned, and only asked what the documented policy allows', async () => {
    const [backend] = await stage.connect()
    await everyVerb(backend as Backend)
    const allowed = new Set([
      'BatchGetItem',
      'BatchWriteItem',
      'CreateTable',
      'DeleteItem',
      'DescribeTable',
      'GetItem',
      'PutItem',
      'Query',
      'UpdateItem',
      'UpdateTimeToLive',
    ])
    const calls = new Set(stage.proxy?.calls)
    expect(calls).toEqual(allowed)
  })

  test('everything that ends carries when it may be removed, in seconds, and no earlier than its end', async () => {
    const [backend] = await stage.connect()
    const before = Date.now()
    const { results, state } = backend as Backend
    await results.put([record('a', { markMs: 120_000 })])
    await results.claim([{ id: 'b', generation: 0, attempt: 0, runId: 'r', ttlMs: 120_000 }])
    await state.put('k', 'v', { ttlMs: 120_000 })
    await state.put('gone', 'v', { ttlMs: 120_000 })
    await state.delete('gone')
    await state.add('c', 'm', 'v', { ttlMs: 120_000 })
    await state.acquire('p', 'long', { limit: 2, ttlMs: 10_800_000 })
    await state.acquire('p', 'short', { limit: 2, ttlMs: 120_000 })
    await state.renew('p', 'short', { ttlMs: 1 })
    await state.take('r', { limit: 1, windowMs: 120_000, cost: 1 })
    await state.count('n', { f: 1 }, { ttlMs: 120_000 })
    await state.expect('j', ['x'], { ttlMs: 120_000, sealed: true })
    await state.join([{ join: 'j', child: 'x', value: 'v' }])
    const { endpoint } = stage
    const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' }
    const client = new DynamoDBClient({ endpoint, region: 'eu-central-1', credentials })
    const { Items = [] } = await client.send(new ScanCommand({ TableName: stage.table }))
    client.destroy()
    expect(Items.length).toBeGreaterThanOrEqual(12)
    // Places are one item: it outlives the longest of them.
    const places = Items.find(({ pk }) => pk?.S?.includes('#place#'))
    expect(Number(places?.['ttl']?.N) * 1_000).toBeGreaterThan(before + 10_800_000)
    for (const item of Items) {
      const seconds = Number(item['ttl']?.N)
      expect(Number.isInteger(seconds), item['pk']?.S).toBe(true)
      expect(seconds * 1_000, item['pk']?.S).toBeGreaterThan(before + 120_000)
      expect(seconds * 1_000, item['pk']?.S).toBeLessThan(before + 4 * 86_400_000)
    }
  })
})

describe('calls', { timeout: 30_000 }, () => {
  test('few: one per record that changes, one per hundred that are read', async () => {
    const [backend] = await stage.connect()
    const { results } = backend as Backend
    const ids = Array.from({ length: 100 }, () => randomUUID())
    const spent = async (run: () => Promise<unknown>): Promise<number | undefined> => {
      stage.proxy?.calls.splice(0)
      await run()
      return stage.proxy?.calls.length
    }
    expect(await spent(() => results.put(ids.map((id) => record(id))))).toBe(100)
    const claims = ids.map((id) => ({ id, generation: 0, attempt: 0, runId: 'r', ttlMs }))
    expect(await spent(() => results.claim(claims))).toBe(100)
    expect(await spent(() => results.get(ids))).toBe(1)
    expect(await spent(() => results.delete(ids))).toBe(4)
  })

  test('that are throttled are made again, a little later, until they are done', async () => {
    const [backend] = await stage.connect()
    stage.proxy?.decide(() =>
      Math.random() < 0.3
        ? { refuse: Math.random() < 0.5 ? 'ProvisionedThroughputExceededException' : 'ThrottlingException' }
        : 'pass',
    )
    await everyVerb(backend as Backend)
    const ids = Array.from({ length: 60 }, () => randomUUID())
    const { results } = backend as Backend
    expect(await results.put(ids.map((id) => record(id)))).toEqual(ids.map(() => 'stored'))
    expect((await results.get(ids)).map((one) => one?.id)).toEqual(ids)
  })

  test('that are throttled for ever end in time, and say so', async () => {
    const [backend] = await stage.connect(1, { timeoutMs: 1_000 })
    stage.proxy?.decide(() => ({ refuse: 'ProvisionedThroughputExceededException' }))
    const startedAt = performance.now()
    expect(await failureOf(backend as Backend, (backend as Backend).results.put([record('a')]))).toBe(
      'blocked',
    )
    expect(performance.now() - startedAt).toBeLessThan(2_000)
    stage.proxy?.decide(() => 'pass')
    expect(await (backend as Backend).results.put([record('a')])).toEqual(['stored'])
  })

  test('parts of a batch that were left out are asked for again', async () => {
    const [backend] = await stage.connect()
    const { results } = backend as Backend
    const ids = Array.from({ length: 80 }, () => randomUUID())
    await results.put(ids.map((id) => record(id)))
    stage.proxy?.decide((operation) => {
      if (operation === 'BatchGetItem') return { request: halfOfGets, answer: restOfGets }
      if (operation === 'BatchWriteItem') return { request: halfOfWrites, answer: restOfWrites }
      return 'pass'
    })
    expect((await results.get(ids)).map((one) => one?.id)).toEqual(ids)
    await results.delete(ids)
    expect((await results.get(ids)).filter((one) => one !== undefined)).toEqual([])
  })

  test('that nobody answers end in time', async () => {
    const [backend] = await stage.connect(1, { timeoutMs: 1_000 })
    stage.proxy?.decide(() => 'hang')
    const startedAt = performance.now()
    // More than are under way at a time: the others do not wait for each other's timeouts.
    const asked = Array.from({ length: 200 }, () => (backend as Backend).state.get(['k']))
    const failures = await Promise.all(asked.map((one) => failureOf(backend as Backend, one)))
    expect(new Set(failures)).toEqual(new Set(['connection']))
    expect(performance.now() - startedAt).toBeLessThan(4_000)
  })

  test('whose answer is lost are told as such, and may be made again', async () => {
    const [backend] = await stage.connect()
    const { results } = backend as Backend
    await results.put([record('a')])
    const claim = { id: 'a', generation: 0, attempt: 0, runId: 'r', ttlMs }
    stage.proxy?.decide(() => 'lose')
    expect(await failureOf(backend as Backend, results.claim([claim]))).toBe('connection')
    stage.proxy?.decide(() => 'pass')
    expect(await results.claim([claim])).toEqual([{ epoch: 1 }])
  })

  test('to nowhere, and with a server that errs', async () => {
    const [backend] = await stage.connect()
    stage.proxy?.decide(() => ({ refuse: 'InternalServerError', status: 500 }))
    expect(await failureOf(backend as Backend, (backend as Backend).state.get(['k']))).toBe('connection')
    stage.proxy?.decide(() => ({ refuse: 'AccessDeniedException' }))
    expect(await failureOf(backend as Backend, (backend as Backend).state.get(['k']))).toBe('permission')
    const nowhere = stage.backendAt('tasks', 'http://127.0.0.1:9')
    expect(await failureOf(nowhere, nowhere.open())).toBe('connection')
  })
})

interface Batch<Asked> {
  readonly RequestItems: Readonly<Record<string, Asked>>
}
interface Gets {
  readonly Keys: readonly unknown[]
}

/** What a batch asks of its one table, and the first half of it, at least one. */
function batchOf<Asked>(body: Body): { readonly table: string; readonly asked: Asked } {
  const [[table, asked] = ['', undefined]] = Object.entries((body as unknown as Batch<Asked>).RequestItems)
  return { table, asked: asked as Asked }
}

function halfOfGets(body: Body): Body {
  const { table, asked } = batchOf<Gets>(body)
  return { ...body, RequestItems: { [table]: { ...asked, Keys: asked.Keys.slice(0, half(asked.Keys)) } } }
}

function restOfGets(answer: Body, body: Body): Body {
  const { table, asked } = batchOf<Gets>(body)
  const Keys = asked.Keys.slice(half(asked.Keys))
  return Keys.length === 0 ? answer : { ...answer, UnprocessedKeys: { [table]: { ...asked, Keys } } }
}

function halfOfWrites(body: Body): Body {
  const { table, asked } = batchOf<readonly unknown[]>(body)
  return { ...body, RequestItems: { [table]: asked.slice(0, half(asked)) } }
}

function restOfWrites(answer: Body, body: Body): Body {
  const { table, asked } = batchOf<readonly unknown[]>(body)
  const rest = asked.slice(half(asked))
  return rest.length === 0 ? answer : { ...answer, UnprocessedItems: { [table]: rest } }
}

function half(items: readonly unknown[]): number {
  return Math.ceil(items.length / 2)
}
