import { once } from 'node:events'
import { createServer, connect as dial, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '@tq/core/driver'
import { afterEach, describe, expect, test } from 'vitest'
import { Connection } from '../src/connection.ts'
import { resolveOptions } from '../src/options.ts'
import { sweepAll } from '../src/sweeper.ts'
import { missingPostgres } from './services/postgres.ts'
import { backendOf, closeAll, connect, failureOf, poolOf, record, serve } from './stage.ts'

const missing = missingPostgres()
const ttlMs = 60_000

describe.skipIf(missing)(`a server that goes${missing ? ` (${missing})` : ''}`, { timeout: 60_000 }, () => {
  afterEach(closeAll)

  test('killed and started again: working within five seconds, hints included', async () => {
    const server = await serve()
    const backend = await connect(server.url)
    const writer = await connect(server.url)
    // Several idle connections, all of which end.
    await Promise.all(Array.from({ length: 8 }, (_, at) => backend.state.put(`k${at}`, 'v', { ttlMs })))
    await writer.results.put([record('kept', { state: 'SUCCESS' })])
    let hints = 0
    backend.results.watch?.('task', () => {
      hints++
    })
    await server.kill?.()
    expect(await failureOf(backend, backend.results.get(['kept']))).toBe('connection')
    expect(await failureOf(backend, backend.state.put('k', 'v', { ttlMs }))).toBe('connection')
    await server.start?.()
    const startedAt = performance.now()
    await eventually(() => backend.results.put([record('task')]))
    expect((await backend.results.get(['kept']))[0]?.state).toBe('SUCCESS')
    hints = 0
    for (let epoch = 1; hints === 0; epoch++) {
      await eventually(() => writer.results.put([record('task', { epoch })]))
      await sleep(50)
      expect(performance.now() - startedAt).toBeLessThan(5_000)
    }
  })

  test('stopped in an orderly way: the same, and nothing is thrown at the process', async () => {
    const server = await serve()
    const backend = await connect(server.url)
    await Promise.all(Array.from({ length: 8 }, (_, at) => backend.state.put(`k${at}`, 'v', { ttlMs })))
    await server.restart?.()
    const startedAt = performance.now()
    await eventually(() => backend.state.put('k', 'v', { ttlMs }))
    expect(performance.now() - startedAt).toBeLessThan(5_000)
  })

  test('that says nothing: calls fail in time, and work as soon as it speaks', async () => {
    const server = await serve()
    const backend = await connect(`${server.url}?timeoutMs=1000`)
    await Promise.all(Array.from({ length: 8 }, (_, at) => backend.state.put(`k${at}`, 'v', { ttlMs })))
    const thaw = await server.freeze?.()
    const askedAt = performance.now()
    const asked = [backend.results.get(['a']), backend.state.put('k', 'v', { ttlMs })]
    for (const one of asked) expect(await failureOf(backend, one)).toBe('connection')
    expect(performance.now() - askedAt).toBeLessThan(2_500)
    thaw?.()
    const thawedAt = performance.now()
    await eventually(() => backend.state.put('k', 'w', { ttlMs }))
    expect(performance.now() - thawedAt).toBeLessThan(2_000)
  })

  test('connections in a black hole are given up together, not one timeout each', async () => {
    const server = await serve()
    const proxy = await startProxy(Number(new URL(server.url).port))
    const there = new URL(server.url)
    there.port = String(proxy.port)
    const backend = await connect(`${there}?timeoutMs=1000`)
    await Promise.all(Array.from({ length: 10 }, (_, at) => backend.state.put(`k${at}`, 'v', { ttlMs })))
    // As after a firewall forgot them: what is sent there is never answered. New ones work.
    proxy.swallow()
    const startedAt = performance.now()
    let failures = 0
    for (let done = 0; done < 10; ) {
      const failure = await failureOf(backend, backend.state.get(['k0']))
      if (failure === undefined) done++
      else failures++
    }
    expect(failures).toBe(1)
    expect(performance.now() - startedAt).toBeLessThan(3_000)
    await backend.close()
    proxy.close()
  })

  test('that is not there, has no such database, or knows us not, is told as such', async () => {
    const server = await serve()
    const pool = poolOf(server.url)
    await pool.query(`CREATE ROLE guest LOGIN; REVOKE CONNECT ON DATABASE postgres FROM PUBLIC`)
    const expected = {
      [server.url.replace(/:\d+\//, ':1/')]: 'connection',
      [server.url.replace('/postgres', '/nowhere').replace('postgres:', 'postgresql:')]: 'config',
      [server.url.replace('tq@', 'nobody@')]: 'permission',
      [server.url.replace('tq@', 'guest@')]: 'permission',
    }
    for (const [url, meaning] of Object.entries(expected)) {
      const backend = backendOf(url)
      expect(await failureOf(backend, backend.open()), url).toBe(meaning)
      await backend.close()
    }
  })

  test('that takes no more connections for now: told as a connection that may come', async () => {
    const server = await serve({ max_connections: '6', superuser_reserved_connections: '0' })
    const [one, other] = [await connect(server.url), await connect(server.url)]
    const asked = Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? one : other).state.get(['k']))
    for (const failure of await Promise.all(asked.map((promise) => failureOf(one, promise)))) {
      expect([undefined, 'connection']).toContain(failure)
    }
    await eventually(() => one.state.put('k', 'v', { ttlMs }))
  })

  test('what has expired is swept, bounded and by an index; marks stay', async () => {
    const server = await serve()
    const backend = await connect(server.url)
    const { results, state } = backend
    const ended = Array.from({ length: 2_500 }, (_, at) =>
      record(`ended ${at}`, { state: 'SUCCESS', ttlMs: 1, markMs: 86_400_000, detail: 'x'.repeat(100) }),
    )
    await results.put(ended)
    await results.put(Array.from({ length: 2_500 }, (_, at) => record(`gone ${at}`, { ttlMs: 1, markMs: 1 })))
    await results.put([record('stays')])
    await state.put('k', 'v', { ttlMs: 1 })
    await state.put('stays', 'v', { ttlMs })
    await state.add('c', 'm', 'v', { ttlMs: 1 })
    await state.acquire('p', 'h', { limit: 1, ttlMs: 1 })
    await state.take('r', { limit: 1, windowMs: 1, cost: 1 })
    await state.count('n', { f: 1 }, { ttlMs: 1 })
    const children = Array.from({ length: 2_500 }, (_, at) => `child ${at}`)
    await state.expect('j', children, { ttlMs: 500, sealed: true })
    await state.join(children.slice(0, 50).map((child) => ({ join: 'j', child, value: 'v' })))
    await sleep(510)
    const pool = poolOf(server.url)
    const rows = async (table: string) =>
      Number((await pool.query<{ n: string }>(`SELECT count(*) AS n FROM tq.${table}`)).rows[0]?.n)
    const connection = new Connection(resolveOptions(server.url, {}), 'test', systemClock)
    await connection.open()
    // Not yet: rows are left for a while, so that renewing them stays cheap.
    await sweepAll(connection)
    expect(await rows('records')).toBe(5_001)
    for (const table of ['members', 'places', 'rates', 'counts', 'joins']) {
      await pool.query(`UPDATE tq.${table} SET sweep = now()`)
    }
    await pool.query(`UPDATE tq.records SET sweep = now() WHERE id <> 'stays'`)
    await pool.query(`UPDATE tq.values SET sweep = now() WHERE key <> 'stays'`)
    await sweepAll(connection)
    await connection.close()
    expect(await rows('records')).toBe(2_501)
    const { rows: kept } = await pool.query<{ bytes: string }>(
      `SELECT sum(length(detail)) AS bytes FROM tq.records WHERE id LIKE 'ended%'`,
    )
    expect(Number(kept[0]?.bytes)).toBe(0)
    const claims = await results.claim([{ id: 'ended 7', generation: 0, attempt: 0, runId: 'r', ttlMs }])
    expect(claims).toEqual(['terminal'])
    expect((await results.get(['stays']))[0]?.id).toBe('stays')
    expect((await state.get(['stays']))[0]?.value).toBe('v')
    expect(await rows('values')).toBe(1)
    for (const table of ['members', 'places', 'rates', 'counts', 'joins', 'children', 'reported']) {
      expect(await rows(table), table).toBe(0)
    }
  })
})

/** Until it works, as core does: asks again a moment after each failure. */
async function eventually(act: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await act()
      return
    } catch {
      await sleep(50)
    }
  }
}

/** Passes connections on to a port, until it is told to swallow what comes over those it has. */
async function startProxy(port: number) {
  const open = new Set<Socket>()
  const server = createServer((near) => {
    const far = dial(port, '127.0.0.1')
    for (const one of [near, far]) {
      open.add(one)
      one.on('error', () => {})
      one.on('close', () => open.delete(one))
    }
    near.pipe(far)
    far.pipe(near)
    near.on('close', () => far.destroy())
    far.on('close', () => near.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return {
    port: address.port,
    swallow: () => {
      for (const one of open) {
        one.unpipe()
        one.resume()
      }
    },
    close: () => {
      for (const one of open) one.destroy()
      server.close()
    },
  }
}
