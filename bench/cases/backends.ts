import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { type Adapter, systemClock, type TaskRecord } from '@tq/core/driver'
import { memory } from '@tq/core/testing'
import { dynamodb } from '@tq/dynamodb'
import { postgres } from '@tq/postgres'
import { redis } from '@tq/redis'
import { sqlite } from '@tq/sqlite'
import { Redis } from 'ioredis'
import { Pool } from 'pg'
import { startDynamodb } from '../../packages/dynamodb/test/services/dynamodb.ts'
import { startPostgres } from '../../packages/postgres/test/services/postgres.ts'
import { startRedis } from '../../test/services/redis.ts'
import type { Sample } from '../report.ts'
import { measure } from './drain.ts'

const batch = 100
/** Batches under way at a time, as with some workers. */
const underWay = 4
const detail = JSON.stringify({ sentAt: 1, startedAt: 2, endedAt: 3, worker: 'bench', value: { ok: true } })

/** Who stores what runs: rights to write first, ends afterwards. */
interface Contender {
  readonly name: string
  /** The records as they are while the tasks wait. */
  prepare(ids: readonly string[]): Promise<void>
  claim(ids: readonly string[]): Promise<unknown>
  end(ids: readonly string[]): Promise<unknown>
  close(): Promise<void>
}

/**
 * Claims and ends of tasks in batches of 100: each backend, and its client library alone with as many round trips that
 * fence nothing. SQLite syncs; the servers are our own and do not.
 */
export async function backendsBench(tasks: number): Promise<readonly Sample[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tq-bench-'))
  const [redisServer, postgresServer, dynamodbServer] = await Promise.all([
    startRedis([], true),
    startPostgres({}, true),
    startDynamodb(),
  ])
  const contenders: readonly (() => Promise<Contender>)[] = [
    () => tq('memory', 'memory:', memory()),
    () => tq('sqlite', `sqlite:${folder}/tq.db`, sqlite()),
    () => rawSqlite(join(folder, 'raw.db')),
    () => tq('redis', redisServer.url, redis()),
    () => rawRedis(redisServer.url),
    () => tq('postgres', postgresServer.url, postgres()),
    () => rawPostgres(postgresServer.url),
    () => tq('dynamodb', dynamodbUrl(dynamodbServer.endpoint), dynamodb()),
    () => rawDynamodb(dynamodbServer.endpoint),
  ]
  /** An emulator in JavaScript: what is compared is what is asked of it. */
  const fewer = (name: string) => (name.startsWith('dynamodb') ? tasks / 10 : tasks)
  try {
    const samples: Sample[] = []
    for (const start of contenders) {
      const contender = await start()
      samples.push(await run(contender, fewer(contender.name)))
      await contender.close()
    }
    return samples
  } finally {
    await Promise.all([redisServer.stop(), postgresServer.stop(), dynamodbServer.stop()])
    rmSync(folder, { recursive: true, force: true })
  }
}

async function run(contender: Contender, tasks: number): Promise<Sample> {
  const batches = Array.from({ length: Math.ceil(tasks / batch) }, (_, at) =>
    Array.from(
      { length: batch },
      (_one, n) => `0199aaaa-bbbb-7ccc-8ddd-${String(at * batch + n).padStart(12, '0')}`,
    ),
  )
  for (const ids of batches) await contender.prepare(ids)
  const measuring = measure()
  const left = [...batches]
  const work = async () => {
    for (let ids = left.pop(); ids; ids = left.pop()) {
      await contender.claim(ids)
      await contender.end(ids)
    }
  }
  await Promise.all(Array.from({ length: underWay }, work))
  return {
    name: contender.name,
    tasks: batches.length * batch,
    ...measuring(),
    check: batches.length * batch,
  }
}

async function tq(name: string, url: string, adapter: Adapter): Promise<Contender> {
  const backend = adapter.createBackend?.(url, { namespace: 'bench', clock: systemClock })
  if (!backend) throw new Error(`${name} makes no backend`)
  await backend.open()
  const record = (id: string, state: TaskRecord['state'], epoch: number): TaskRecord => {
    const fixed = { name: 'noop', queue: 'default', generation: 0, attempt: 0, updatedAt: 1, detail }
    return { id, state, epoch, ttlMs: 86_400_000, markMs: 86_400_000, ...fixed }
  }
  const { results } = backend
  return {
    name: `${name}: tq`,
    prepare: async (ids) => {
      await results.put(ids.map((id) => record(id, 'PENDING', 0)))
    },
    claim: (ids) =>
      results.claim(ids.map((id) => ({ id, generation: 0, attempt: 0, runId: 'run', ttlMs: 86_400_000 }))),
    end: async (ids) => {
      const outcomes = await results.put(ids.map((id) => record(id, 'SUCCESS', 1)))
      if (outcomes.some((outcome) => outcome !== 'stored')) throw new Error('an end was not stored')
    },
    close: () => backend.close(),
  }
}

async function rawSqlite(file: string): Promise<Contender> {
  const database = new DatabaseSync(file)
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE task (id TEXT PRIMARY KEY, epoch INTEGER, detail TEXT) WITHOUT ROWID`)
  const insert = database.prepare('INSERT INTO task VALUES (?, 0, ?)')
  const claim = database.prepare('UPDATE task SET epoch = epoch + 1 WHERE id = ?')
  const end = database.prepare('UPDATE task SET detail = ? WHERE id = ?')
  const together = async (ids: readonly string[], step: (id: string) => unknown) => {
    database.exec('BEGIN IMMEDIATE')
    for (const id of ids) step(id)
    database.exec('COMMIT')
  }
  return {
    name: 'sqlite: node:sqlite',
    prepare: (ids) => together(ids, (id) => insert.run(id, detail)),
    claim: (ids) => together(ids, (id) => claim.run(id)),
    end: (ids) => together(ids, (id) => end.run(detail, id)),
    close: async () => database.close(),
  }
}

async function rawRedis(url: string): Promise<Contender> {
  const client = new Redis(url)
  const together = async (ids: readonly string[], keep: 'PX' | 'KEEPTTL') => {
    const pipeline = client.pipeline()
    for (const id of ids) {
      if (keep === 'PX') pipeline.set(`raw:${id}`, detail, 'PX', 86_400_000)
      else pipeline.set(`raw:${id}`, detail, 'KEEPTTL')
    }
    await pipeline.exec()
  }
  return {
    name: 'redis: ioredis, SET in pipelines',
    prepare: (ids) => together(ids, 'PX'),
    claim: (ids) => together(ids, 'KEEPTTL'),
    end: (ids) => together(ids, 'PX'),
    close: async () => client.disconnect(),
  }
}

async function rawPostgres(url: string): Promise<Contender> {
  const pool = new Pool({ connectionString: url })
  await pool.query(
    'CREATE TABLE raw (id text PRIMARY KEY, epoch integer, detail text) WITH (fillfactor = 80)',
  )
  const details = (ids: readonly string[]) => ids.map(() => detail)
  return {
    name: 'postgres: pg, unnest',
    prepare: async (ids) => {
      const text = 'INSERT INTO raw SELECT id, 0, detail FROM unnest($1::text[], $2::text[]) AS i(id, detail)'
      await pool.query({ name: 'prepare', text, values: [ids, details(ids)] })
    },
    claim: (ids) => {
      const text = 'UPDATE raw SET epoch = epoch + 1 WHERE id = ANY ($1::text[]) RETURNING id, epoch'
      return pool.query({ name: 'claim', text, values: [ids] })
    },
    end: (ids) => {
      const text = `UPDATE raw SET detail = i.detail FROM unnest($1::text[], $2::text[]) AS i(id, detail)
        WHERE raw.id = i.id RETURNING raw.id`
      return pool.query({ name: 'end', text, values: [ids, details(ids)] })
    },
    close: () => pool.end(),
  }
}

const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' }

function dynamodbUrl(endpoint: string): string {
  const options = `createTable=true&timeoutMs=30000&endpoint=${encodeURIComponent(endpoint)}`
  return `dynamodb://${credentials.accessKeyId}:${credentials.secretAccessKey}@eu-central-1/bench?${options}`
}

/** In the table that the backend made before. */
async function rawDynamodb(endpoint: string): Promise<Contender> {
  const httpAgent = { keepAlive: true, maxSockets: 64 }
  const requestHandler = { httpAgent }
  const client = new DynamoDBClient({ endpoint, region: 'eu-central-1', credentials, requestHandler })
  const update = (id: string, expression: string, value: { readonly N: string } | { readonly S: string }) =>
    client.send(
      new UpdateItemCommand({
        TableName: 'bench',
        Key: { pk: { S: `raw#${id}` }, sk: { S: '-' } },
        UpdateExpression: expression,
        ExpressionAttributeValues: { ':value': value },
      }),
    )
  const all = (ids: readonly string[], expression: string, value: { N: string } | { S: string }) =>
    Promise.all(ids.map((id) => update(id, expression, value)))
  return {
    name: 'dynamodb: SDK, UpdateItem',
    prepare: async (ids) => {
      await all(ids, 'SET detail = :value', { S: detail })
    },
    claim: (ids) => all(ids, 'ADD epoch :value', { N: '1' }),
    end: (ids) => all(ids, 'SET detail = :value', { S: detail }),
    close: async () => client.destroy(),
  }
}
