import { randomUUID } from 'node:crypto'
import type { Backend } from '@tq/core/driver'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { migrationSql } from '../src/index.ts'
import { migrations } from '../src/layout.ts'
import { missingPostgres, startPostgres, type TestPostgres } from './services/postgres.ts'
import { backendOf, closeAll, connect, failureOf, freshSchema, poolOf, record } from './stage.ts'

const missing = missingPostgres()
const ttlMs = 60_000

describe.skipIf(missing)(`on one server${missing ? ` (${missing})` : ''}`, { timeout: 30_000 }, () => {
  let server: TestPostgres
  let url = ''
  /** A URL with a schema of its own. */
  const fresh = (): string => `${url}${url.includes('?') ? '&' : '?'}schema=${freshSchema()}&connections=4`

  beforeAll(async () => {
    server = await startPostgres()
    url = server.url
  })
  afterEach(closeAll)
  afterAll(async () => {
    await server.stop()
  })

  describe('the schema', () => {
    test('twenty at once make it once', async () => {
      const where = fresh()
      const backends = Array.from({ length: 20 }, () => backendOf(`${where}&timeoutMs=20000`))
      await Promise.all(backends.map((backend) => backend.open()))
      const ids = backends.map(() => randomUUID())
      const stored = backends.map((backend, at) => backend.results.put([record(ids[at] ?? '')]))
      expect((await Promise.all(stored)).flat()).toEqual(ids.map(() => 'stored'))
      const [last] = backends
      expect((await last?.results.get(ids))?.map((one) => one?.id)).toEqual(ids)
      const schema = new URL(where).searchParams.get('schema')
      const { rows } = await poolOf(url).query(`SELECT version FROM ${schema}.layout ORDER BY version`)
      expect(rows).toEqual(migrations.map(({ version }) => ({ version })))
    })

    test('that is missing is told, where it may not be made', async () => {
      const where = `${fresh()}&migrate=false`
      const backend = backendOf(where)
      expect(await failureOf(backend, backend.open())).toBe('config')
      await expect(backend.open()).rejects.toThrow(/migrationSql/)
    })

    test('can be made by hand, for a role that may only use it', async () => {
      const [schema, role] = [freshSchema(), freshSchema()]
      const pool = poolOf(url)
      await pool.query(migrationSql(schema))
      await pool.query(`CREATE ROLE ${role} LOGIN PASSWORD 'pw'`)
      const there = new URL(url)
      there.username = role
      there.password = 'pw'
      there.searchParams.set('schema', schema)
      const backend = backendOf(String(there))
      expect(await failureOf(backend, backend.open())).toBe('permission')
      await pool.query(`GRANT USAGE ON SCHEMA ${schema} TO ${role};
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema} TO ${role};
        GRANT USAGE ON ALL SEQUENCES IN SCHEMA ${schema} TO ${role};
        GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ${schema} TO ${role}`)
      await backend.open()
      await everyVerb(backend)
      await backend.close()
      await pool.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
    })

    test('of a later version is refused, unless it says that this one will do', async () => {
      const where = fresh()
      await connect(where)
      const schema = new URL(where).searchParams.get('schema')
      const pool = poolOf(url)
      await pool.query(`INSERT INTO ${schema}.layout (version, oldest) VALUES (7, 1)`)
      await connect(where)
      await pool.query(`INSERT INTO ${schema}.layout (version, oldest) VALUES (8, 7)`)
      const backend = backendOf(where)
      expect(await failureOf(backend, backend.open())).toBe('config')
      await expect(backend.open()).rejects.toThrow(/Update it/)
    })

    test('keeps namespaces apart', async () => {
      const where = fresh()
      const [one, other] = [await connect(where), await connect(where, { namespace: 'other' })]
      await one.results.put([record('a')])
      await one.state.put('k', 'v', { ttlMs })
      await one.state.count('k', { f: 1 }, { ttlMs })
      await one.state.add('k', 'm', 'v', { ttlMs })
      await one.state.park('k', { key: 'i', value: 'v' }, { delayMs: 0 })
      await one.state.acquire('k', 'me', { limit: 1, ttlMs })
      await one.state.expect('k', ['c'], { ttlMs, sealed: true })
      expect(await other.results.get(['a'])).toEqual([undefined])
      expect(await other.state.get(['k'])).toEqual([undefined])
      expect(await other.state.counted(['k'])).toEqual([{}])
      expect((await other.state.page('k', { limit: 1 })).members).toEqual([])
      expect(await other.state.due('k', { limit: 1, leaseMs: 1_000 })).toEqual([])
      expect(await other.state.holders('k')).toEqual([])
      expect((await other.state.join([{ join: 'k', child: 'c', value: '' }]))[0]?.total).toBe(0)
      expect(await other.state.acquire('k', 'me', { limit: 1, ttlMs })).toBeGreaterThan(0)
    })
  })

  test('any text, U+0000 included', async () => {
    const backend = await connect(fresh())
    const { results, state } = backend
    const text = `\0 a\0b \u{10ffff} 🦊 '"\\ {x,y} NULL`
    const stored = record(text, { name: text, queue: text, detail: text })
    expect(await results.put([stored])).toEqual(['stored'])
    expect(await results.get([text])).toEqual([stored])
    await state.put(text, text, { ttlMs })
    expect((await state.get([text]))[0]?.value).toBe(text)
    await state.add(text, text, text, { ttlMs })
    await state.add(text, `${text}2`, '', { ttlMs })
    const { members, next } = await state.page(text, { limit: 1 })
    expect(members).toEqual([{ member: text, value: text }])
    const second = await state.page(text, { limit: 1, ...(next === undefined ? {} : { cursor: next }) })
    expect(second.members).toEqual([{ member: `${text}2`, value: '' }])
    await state.expect(text, [text, 'NULL', ''], { ttlMs, sealed: true })
    expect((await state.join([{ join: text, child: text, value: text }]))[0]).toMatchObject({
      added: true,
      total: 3,
    })
    expect((await state.joined(text, { limit: 5 })).members).toEqual([{ member: text, value: text }])
    await state.park(text, { key: text, value: text }, { delayMs: 0 })
    expect((await state.due(text, { limit: 1, leaseMs: 1 }))[0]).toMatchObject({ key: text, value: text })
    expect(await state.unpark(text, [text])).toBe(1)
    await state.acquire(text, text, { limit: 1, ttlMs })
    expect(await state.holders(text)).toEqual([text])
    await state.count(text, { [text]: 2 }, { ttlMs })
    expect(await state.counted([text])).toEqual([{ [text]: 2 }])
  })

  test('a name no index takes is refused as too long', async () => {
    const backend = await connect(fresh())
    // Of random letters: PostgreSQL packs what repeats.
    const long = Array.from({ length: 200 }, () => randomUUID()).join('')
    expect(await failureOf(backend, backend.state.put(long, '', { ttlMs }))).toBe('limit')
    await backend.state.put('short', '', { ttlMs })
  })

  test('few statements: one per batch, whatever it holds', async () => {
    const pool = poolOf(url)
    let spent = 0
    const query = pool.query.bind(pool) as (...args: unknown[]) => unknown
    pool.query = ((...args: unknown[]) => {
      spent++
      return query(...args)
    }) as typeof pool.query
    const backend = await connect('postgres:', { pool, schema: freshSchema() })
    for (const size of [1, 100]) {
      const ids = Array.from({ length: size }, () => randomUUID())
      spent = 0
      const claims = await backend.results.claim(
        ids.map((id) => ({ id, generation: 0, attempt: 0, runId: 'r', ttlMs })),
      )
      const records = ids.map((id) => record(id, { state: 'SUCCESS', epoch: 1 }))
      await backend.results.put(records)
      await backend.results.get(ids)
      expect(claims).toEqual(ids.map(() => ({ epoch: 1 })))
      expect(spent, `for ${size}`).toBe(3)
    }
    const children = Array.from({ length: 100 }, (_, at) => `child ${at}`)
    await backend.state.expect('j', children, { ttlMs, sealed: true })
    spent = 0
    await backend.state.join(children.map((child) => ({ join: 'j', child, value: '' })))
    // The second looks how far it is, after the first was committed.
    expect(spent).toBe(2)
  })

  test('a pool of the application is used, and left as it is', async () => {
    const pool = poolOf(url, { max: 2, application_name: 'mine' })
    const backend = await connect('postgres:', { pool, schema: freshSchema() })
    await everyVerb(backend)
    await backend.close()
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
  })

  test('hints come without a poll, of records and of state by prefix', async () => {
    const where = fresh()
    const [watcher, writer] = [await connect(where), await connect(where)]
    const heard: string[] = []
    let wake = () => {}
    const hear = (what: string) => () => {
      heard.push(what)
      wake()
    }
    const until = async (what: string, act: () => Promise<unknown>) => {
      heard.length = 0
      // Whoever begins to watch is told once that anything may have changed.
      while (!heard.includes(what)) {
        const woken = new Promise<void>((resolve) => {
          wake = resolve
          setTimeout(resolve, 200)
        })
        await act()
        await woken
      }
    }
    watcher.results.watch?.('task', hear('record'))
    watcher.results.watch?.('other', hear('other record'))
    watcher.state.watch?.('workers/', hear('state'))
    let version = 0
    await until('record', () => writer.results.put([record('task', { epoch: version++ })]))
    await until('state', () => writer.state.put('workers/1', String(version++), { ttlMs }))
    await until('state', () => writer.state.add('workers/all', 'm', '', { ttlMs }))
    heard.length = 0
    await writer.state.put('elsewhere', '', { ttlMs })
    await until('record', () => writer.results.put([record('task', { epoch: version++ })]))
    expect(new Set(heard)).toEqual(new Set(['record']))
  })

  test('a hundred writers on the same ids, in any order: no deadlock, and one end for each', async () => {
    const where = fresh()
    const backends = await Promise.all(Array.from({ length: 5 }, () => connect(`${where}&timeoutMs=20000`)))
    const of = (at: number) => backends[at % backends.length] as Backend
    const ids = Array.from({ length: 50 }, () => randomUUID())
    const before = await deadlocks(url)
    const ends = Array.from({ length: 100 }, async (_, at) => {
      const { results } = of(at)
      const mine = shuffled(ids)
      const claims = mine.map((id) => ({ id, generation: 0, attempt: 0, runId: `run ${at}`, ttlMs }))
      const epochs = await results.claim(claims)
      const records = mine.flatMap((id, n) => {
        const claimed = epochs[n]
        if (typeof claimed !== 'object') return []
        return [record(id, { state: 'SUCCESS', epoch: claimed.epoch, detail: String(at) })]
      })
      const outcomes = await results.put(records)
      if (at % 10 === 0) await results.get(mine)
      return records.filter((_one, n) => outcomes[n] === 'stored').map(({ id, detail }) => ({ id, detail }))
    })
    const stored = (await Promise.all(ends)).flat()
    const kept = await of(0).results.get(ids)
    for (const one of kept) {
      const winners = stored.filter(({ id }) => id === one?.id)
      expect(winners.map(({ detail }) => detail)).toEqual([one?.detail])
    }
    // Forgotten from all sides while others claim.
    const forgetting = Array.from({ length: 50 }, async (_, at) => {
      const mine = shuffled(ids)
      if (at % 2 === 0) await of(at).results.delete(mine)
      else await of(at).results.put(mine.map((id) => record(id)))
    })
    await Promise.all(forgetting)
    expect(await deadlocks(url)).toBe(before)
  })

  test('a hundred writers on the same joins: each child counts once, each join completes once', async () => {
    const where = fresh()
    const backends = await Promise.all(Array.from({ length: 5 }, () => connect(`${where}&timeoutMs=20000`)))
    const of = (at: number) => backends[at % backends.length] as Backend
    const joins = ['first', 'second', 'third']
    const children = Array.from({ length: 2_000 }, (_, at) => `child ${at}`)
    for (const join of joins) await of(0).state.expect(join, children, { ttlMs, sealed: true })
    const before = await deadlocks(url)
    // Every child is reported by two writers, in mixed batches; two joins by all of them, all at once.
    const common = ['fourth', 'fifth']
    const few = children.slice(0, 300)
    for (const join of common) await of(0).state.expect(join, few, { ttlMs, sealed: true })
    const all = shuffled(joins.flatMap((join) => children.map((child) => ({ join, child }))))
    const everybody = common.flatMap((join) => few.map((child) => ({ join, child })))
    const writers = Array.from({ length: 100 }, async (_, at) => {
      const from = Math.floor(at / 2) * (all.length / 50)
      const mine = shuffled(all.slice(from, from + all.length / 50))
      const parts = [shuffled(everybody), mine.slice(0, 60), mine.slice(60)].map((part) =>
        part.map(({ join, child }) => ({ join, child, value: `by ${at}` })),
      )
      const answers = []
      for (const part of parts) {
        const progress = await of(at).state.join(part)
        answers.push(...part.map((report, n) => ({ ...report, ...progress[n] })))
      }
      return answers
    })
    const told = (await Promise.all(writers)).flat()
    for (const join of [...joins, ...common]) {
      const expected = common.includes(join) ? few : children
      const own = told.filter((one) => one.join === join)
      expect(own.filter(({ added }) => added).length).toBe(expected.length)
      expect(own.filter(({ added, complete }) => added && complete).length).toBe(1)
      expect(own.every(({ done = 0, total = 0 }) => done <= total)).toBe(true)
      const { members } = await of(1).state.joined(join, { limit: 5_000 })
      expect(members.map(({ member }) => member)).toEqual(expected)
      const values = new Map(own.filter(({ added }) => added).map(({ child, value }) => [child, value]))
      expect(members.every(({ member, value }) => values.get(member) === value)).toBe(true)
    }
    expect(await deadlocks(url)).toBe(before)
  })

  test('a server whose settings would break a promise is refused by name', async () => {
    const pool = poolOf(url)
    const [latin, strict] = [freshSchema(), freshSchema()]
    await pool.query(
      `CREATE DATABASE ${latin} ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'`,
    )
    await pool.query(`CREATE DATABASE ${strict}`)
    await pool.query(`ALTER DATABASE ${strict} SET default_transaction_isolation = 'serializable'`)
    for (const [database, reason] of [
      [latin, /LATIN1/],
      [strict, /read committed/],
    ] as const) {
      const there = new URL(url)
      there.pathname = `/${database}`
      const backend = backendOf(String(there))
      const opening = backend.open()
      await expect(opening).rejects.toThrow(reason)
      expect(await failureOf(backend, opening)).toBe('config')
      await backend.close()
      await pool.query(`DROP DATABASE ${database}`)
    }
  })
})

/** Each verb once. */
async function everyVerb({ results, state }: Backend): Promise<void> {
  await results.put([record('a')])
  await results.claim([{ id: 'a', generation: 0, attempt: 0, runId: 'r', ttlMs }])
  await results.get(['a'])
  await results.delete(['a'])
  const put = await state.put('k', 'v', { ttlMs })
  await state.put('k', 'w', { ttlMs, ifVersion: typeof put === 'object' ? put.version : 0 })
  await state.get(['k'])
  await state.delete('k')
  await state.add('c', 'm', 'v', { ttlMs })
  await state.page('c', { limit: 1 })
  await state.remove('c', 'm')
  await state.expect('j', ['c'], { ttlMs, sealed: true })
  await state.join([{ join: 'j', child: 'c', value: 'v' }])
  await state.joined('j', { limit: 1 })
  await state.park('l', { key: 'k', value: 'v' }, { delayMs: 0 })
  await state.due('l', { limit: 1, leaseMs: 1_000 })
  await state.unpark('l', ['k'])
  await state.acquire('p', 'h', { limit: 1, ttlMs })
  await state.renew('p', 'h', { ttlMs })
  await state.holders('p')
  await state.release('p', 'h')
  await state.take('r', { limit: 1, windowMs: 1_000, cost: 1 })
  await state.count('n', { f: 1 }, { ttlMs })
  await state.counted(['n'])
}

async function deadlocks(url: string): Promise<number> {
  const pool = poolOf(url)
  const { rows } = await pool.query<{ all: number }>(
    'SELECT sum(deadlocks)::integer AS all FROM pg_stat_database',
  )
  return rows[0]?.all ?? 0
}

function shuffled<Item>(items: readonly Item[]): Item[] {
  const all = [...items]
  for (let at = all.length - 1; at > 0; at--) {
    const other = Math.floor(Math.random() * (at + 1))
    ;[all[at], all[other]] = [all[other] as Item, all[at] as Item]
  }
  return all
}
