import { randomUUID } from 'node:crypto'
import type { Backend } from '@tq/core/driver'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { failureOf, record, Stage, ttlMs } from './stage.ts'

const stage = new Stage()
beforeAll(() => stage.start())
afterAll(() => stage.stop())
afterEach(() => stage.end())

describe('a hundred writers', { timeout: 60_000 }, () => {
  test('on the same ids: one end for each, and it is the one that was told so', async () => {
    const backends = await stage.connect(4, { direct: true })
    const of = (at: number) => backends[at % backends.length] as Backend
    const ids = Array.from({ length: 4 }, () => randomUUID())
    // As their senders left them.
    await of(0).results.put(ids.map((id) => record(id)))
    const ends = Array.from({ length: 100 }, async (_, at) => {
      const { results } = of(at)
      const claims = ids.map((id) => ({ id, generation: 0, attempt: 0, runId: `run ${at}`, ttlMs }))
      const epochs = await results.claim(claims)
      const records = ids.flatMap((id, n) => {
        const claimed = epochs[n]
        if (typeof claimed !== 'object') return []
        return [record(id, { state: 'SUCCESS', epoch: claimed.epoch, detail: String(at) })]
      })
      const outcomes = await results.put(records)
      return records.filter((_one, n) => outcomes[n] === 'stored').map(({ id, detail }) => ({ id, detail }))
    })
    const stored = (await Promise.all(ends)).flat()
    for (const one of await of(0).results.get(ids)) {
      const winners = stored.filter(({ id }) => id === one?.id)
      expect(winners.map(({ detail }) => detail)).toEqual([one?.detail])
    }
  })

  test('on an id nobody knows: an epoch for each', async () => {
    const backends = await stage.connect(4, { direct: true })
    const claims = Array.from({ length: 40 }, (_, at) => {
      const { results } = backends[at % backends.length] as Backend
      return results.claim([{ id: 'new', generation: 0, attempt: 0, runId: `run ${at}`, ttlMs }])
    })
    const epochs = (await Promise.all(claims)).flat().map((one) => (typeof one === 'object' ? one.epoch : 0))
    expect(epochs.sort((one, other) => one - other)).toEqual(claims.map((_one, at) => at + 1))
  })

  test('on the same joins, of several shards: each child counts once, each join completes once', async () => {
    const backends = await stage.connect(4, { direct: true })
    const of = (at: number) => backends[at % backends.length] as Backend
    const joins = ['first', 'second']
    const children = numbered(300)
    for (const join of joins) await of(0).state.expect(join, children, { ttlMs, sealed: true })
    const all = joins.flatMap((join) => children.map((child) => ({ join, child })))
    // Every child is reported by two writers, in batches of mixed joins and shards.
    const writers = Array.from({ length: 100 }, async (_, at) => {
      const mine = all.filter((_one, n) => n % 50 === at % 50)
      const reports = mine.map(({ join, child }) => ({ join, child, value: `by ${at}` }))
      const progress = await of(at).state.join(reports)
      return reports.map((report, n) => ({ ...report, ...progress[n] }))
    })
    const told = (await Promise.all(writers)).flat()
    for (const join of joins) {
      const own = told.filter((one) => one.join === join)
      expect(own.filter(({ added }) => added).length).toBe(children.length)
      expect(own.filter(({ complete }) => complete).length).toBeGreaterThanOrEqual(1)
      expect(own.filter(({ added, complete }) => added && complete).length).toBeLessThanOrEqual(1)
      const { members } = await of(1).state.joined(join, { limit: 1_000 })
      expect(members.map(({ member }) => member)).toEqual(children)
      const values = new Map(own.filter(({ added }) => added).map(({ child, value }) => [child, value]))
      expect(members.every(({ member, value }) => values.get(member) === value)).toBe(true)
      const again = await of(2).state.join([{ join, child: 'child 0', value: 'late' }])
      expect(again).toEqual([{ added: false, done: 300, total: 300, complete: true }])
    }
  })
})

describe('joins', { timeout: 30_000 }, () => {
  test('that were named in parts, and sealed after all had reported', async () => {
    const [one, other] = await stage.connect(2, { direct: true })
    const children = numbered(600)
    const open = { ttlMs, sealed: false }
    await one?.state.expect('j', children.slice(0, 300), open)
    await Promise.all([
      one?.state.expect('j', children.slice(300, 450), open),
      other?.state.expect('j', children.slice(400), open),
    ])
    await other?.state.join(children.map((child) => ({ join: 'j', child, value: child })))
    const progress = await one?.state.expect('j', [], { ttlMs, sealed: true })
    expect(progress).toEqual({ added: false, done: 600, total: 600, complete: true })
    const { members = [] } = (await other?.state.joined('j', { limit: 1_000 })) ?? {}
    expect(members.map(({ member }) => member).sort()).toEqual([...children].sort())
  })

  test('a report whose repetition was faster does not complete it a second time', async () => {
    const [backend] = await stage.connect()
    const { state } = backend as Backend
    await state.expect('j', ['a'], { ttlMs, sealed: true })
    let release = () => {}
    const held = new Promise<'pass'>((resolve) => {
      release = () => resolve('pass')
    })
    let reached = () => {}
    const marking = new Promise<void>((resolve) => {
      reached = resolve
    })
    // The first report has stored its value, and waits with its mark.
    stage.proxy?.decide((operation) => {
      if (operation !== 'UpdateItem') return 'pass'
      reached()
      stage.proxy?.decide(() => 'pass')
      return held
    })
    const report = { join: 'j', child: 'a', value: 'v' }
    const first = state.join([report])
    await marking
    expect(await state.join([report])).toEqual([{ added: false, done: 1, total: 1, complete: true }])
    release()
    expect(await first).toEqual([{ added: true, done: 1, total: 1, complete: false }])
  })

  test('a report that a crash left half done is made whole by its repetition', async () => {
    const [backend] = await stage.connect()
    const { state } = backend as Backend
    const report = (child: string) => state.join([{ join: 'j', child, value: child }])
    for (const step of [1, 2, 3]) {
      await state.expect(`j${step}`, ['a', 'b'], { ttlMs, sealed: true })
      await state.join([{ join: `j${step}`, child: 'a', value: 'a' }])
      // The value, the set of its shard, the set of full shards: stopped before each of them.
      let writes = 0
      stage.proxy?.decide((operation) =>
        (operation === 'PutItem' || operation === 'UpdateItem') && ++writes >= step
          ? { refuse: 'AccessDeniedException' }
          : 'pass',
      )
      const last = { join: `j${step}`, child: 'b', value: 'b' }
      expect(await failureOf(backend as Backend, state.join([last]))).toBe('permission')
      stage.proxy?.decide(() => 'pass')
      const [progress] = await state.join([last])
      expect(progress).toEqual({ added: step === 1, done: 2, total: 2, complete: true })
    }
    expect(await report('a')).toEqual([{ added: false, done: 0, total: 0, complete: false }])
  })
})

function numbered(count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => `child ${at}`)
}
