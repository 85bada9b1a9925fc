import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { HistoryFilter, TaskHistory, TaskRecord } from '@tq/core/driver'
import { type BackendCase, history, realTime } from '../state/offers.ts'
import { type BackendStage, record } from '../state/stage.ts'

/** Order and times are promised to the second. */
const secondMs = 1_100

/** An instance that lists, and a name that only this case uses: the store is shared with others. */
async function open(stage: BackendStage) {
  const { results } = await stage.open()
  assert.ok(results.history)
  return { results, history: results.history, name: `history.${randomUUID()}` }
}

/** All pages. */
async function walk(
  listing: TaskHistory,
  filter: HistoryFilter,
  limit: number,
  order: 'latest' | 'earliest' = 'latest',
  between: () => Promise<unknown> = async () => {},
): Promise<readonly TaskRecord[]> {
  const found: TaskRecord[] = []
  let cursor: string | undefined
  for (let pages = 0; pages < 10_000; pages++) {
    const page = await listing.list(filter, { limit, order, ...(cursor === undefined ? {} : { cursor }) })
    assert.ok(page.records.length <= limit, `a page of ${page.records.length}, asked for ${limit}`)
    found.push(...page.records)
    if (page.next === undefined) return found
    cursor = page.next
    await between()
  }
  return assert.fail('the walk does not end')
}

const idsOf = (records: readonly TaskRecord[]) => records.map(({ id }) => id).sort()

export const historyCases: readonly BackendCase[] = [
  {
    id: 'history/lists-what-get-gives-in-order',
    promise:
      'Records that `get` would give, by when the first record of their task was stored; the latest first.',
    requires: [history],
    timeoutMs: 40_000,
    async run(stage) {
      const { results, history: listing, name } = await open(stage)
      const full = record({
        name,
        queue: 'größe_1',
        state: 'RETRY',
        generation: 2,
        attempt: 3,
        epoch: 4,
        detail: '{"text":"🦊"}',
      })
      const tasks = [full, record({ name }), record({ name, state: 'SUCCESS' })]
      for (const task of tasks) {
        await results.put([task])
        await stage.time.sleep(secondMs + stage.resolution)
      }
      // Changing later moves nothing.
      await results.put([{ ...full, attempt: 5 }])
      const changed = [{ ...full, attempt: 5 }, ...tasks.slice(1)]
      assert.deepEqual(await walk(listing, { name }, 10, 'earliest'), changed)
      assert.deepEqual(await walk(listing, { name }, 10), [...changed].reverse())
      assert.deepEqual(await walk(listing, { name }, 1), [...changed].reverse())
      const other = await (await stage.again(await stage.open())).results
      assert.deepEqual(idsOf(await walk(other.history as TaskHistory, { name }, 10)), idsOf(tasks))
    },
  },
  {
    id: 'history/filters',
    promise: 'Those to which all that is given applies.',
    requires: [history],
    async run(stage) {
      const { results, history: listing, name } = await open(stage)
      const states = ['PENDING', 'STARTED', 'RETRY', 'SUCCESS', 'FAILURE', 'REVOKED'] as const
      const tasks = states.flatMap((state) =>
        ['a', 'b'].map((queue) => record({ name, state, queue, id: `${stage.key()}:${state}:${queue}` })),
      )
      await results.put([...tasks, record({ name: `${name}.other` })])
      const found = async (filter: HistoryFilter) => idsOf(await walk(listing, filter, 5))
      for (const state of states) {
        const expected = tasks.filter((task) => task.state === state)
        assert.deepEqual(await found({ name, states: [state] }), idsOf(expected), state)
      }
      for (const pair of [
        ['FAILURE', 'REVOKED'],
        ['PENDING', 'FAILURE'],
        ['SUCCESS', 'STARTED'],
      ] as const) {
        const expected = tasks.filter(({ state }) => (pair as readonly string[]).includes(state))
        assert.deepEqual(await found({ name, states: pair }), idsOf(expected), pair.join())
      }
      const ofA = tasks.filter(({ queue }) => queue === 'a')
      assert.deepEqual(await found({ name, queue: 'a' }), idsOf(ofA))
      assert.deepEqual(await found({ name, queue: 'A' }), [])
      const [first] = tasks as [TaskRecord, ...TaskRecord[]]
      for (const idPrefix of [first.id.slice(0, -1), first.id])
        assert.deepEqual(await found({ idPrefix, name }), [first.id], idPrefix)
      assert.deepEqual(await found({ idPrefix: `${first.id}.`, name }), [])
      assert.deepEqual(await found({ name, states: [] }), [])
    },
  },
  {
    id: 'history/ids-that-tell-the-time',
    promise: 'How the id begins.',
    requires: [history],
    async run(stage) {
      const { results, history: listing, name } = await open(stage)
      // Version 7: many that were made together, as core makes them.
      const time = Date.now().toString(16).padStart(12, '0')
      const start = `${time.slice(0, 8)}-${time.slice(8)}-7`
      const ids = Array.from({ length: 60 }, (_, at) => {
        const end = randomUUID().slice(18)
        return `${start}${at < 30 ? 'abc' : 'abd'}${end}`
      })
      await results.put(ids.map((id) => record({ id, name })))
      for (const length of [4, 9, 16, 18, 20, 30, 36]) {
        const idPrefix = ids[0]?.slice(0, length) ?? ''
        const expected = ids.filter((id) => id.startsWith(idPrefix)).sort()
        assert.deepEqual(idsOf(await walk(listing, { name, idPrefix }, 7)), expected, idPrefix)
      }
    },
  },
  {
    id: 'history/a-span-of-time',
    promise: 'When the first record of the task was stored: not before, and before; to the second.',
    requires: [history, realTime],
    timeoutMs: 40_000,
    async run(stage) {
      const { results, history: listing, name } = await open(stage)
      const early = record({ name })
      await results.put([early])
      await stage.time.sleep(secondMs + stage.resolution)
      const middle = Date.now()
      await stage.time.sleep(secondMs + stage.resolution)
      const late = record({ name })
      await results.put([late])
      const found = async (filter: HistoryFilter) => idsOf(await walk(listing, { name, ...filter }, 5))
      for (const order of ['latest', 'earliest'] as const) {
        assert.deepEqual(idsOf(await walk(listing, { name, to: middle }, 5, order)), [early.id])
        assert.deepEqual(idsOf(await walk(listing, { name, from: middle }, 5, order)), [late.id])
      }
      const hour = 3_600_000
      assert.deepEqual(await found({ from: middle - hour, to: middle + hour }), idsOf([early, late]))
      assert.deepEqual(await found({ from: middle - 2 * hour, to: middle - hour }), [])
      assert.deepEqual(await found({ from: middle + hour }), [])
    },
  },
  {
    id: 'history/a-walk-shows-each-once',
    promise: 'Over a walk to the end each that was there all the time comes once.',
    requires: [history],
    timeoutMs: 60_000,
    async run(stage) {
      const { results, history: listing, name } = await open(stage)
      const tasks = Array.from({ length: 150 }, () => record({ name }))
      await results.put(tasks)
      for (const order of ['latest', 'earliest'] as const) {
        const left = [...tasks]
        const found = await walk(listing, { name }, 11, order, async () => {
          // Meanwhile tasks end, and others come.
          const some = left.splice(0, 7).map((task): TaskRecord => ({ ...task, state: 'SUCCESS' }))
          await results.put([...some, record({ name, id: `${stage.key()}:late` })])
        })
        const seen = idsOf(found).filter((id) => !id.endsWith(':late'))
        assert.deepEqual(seen, idsOf(tasks), order)
        assert.equal(new Set(found.map(({ id }) => id)).size, found.length, 'none twice')
      }
    },
  },
  {
    id: 'history/a-change-of-state-is-seen',
    promise: 'Records that `get` would give.',
    requires: [history],
    async run(stage) {
      const { results, history: listing, name } = await open(stage)
      const task = record({ name, state: 'PENDING' })
      const inState = async () => {
        const found: string[] = []
        for (const state of ['PENDING', 'STARTED', 'SUCCESS', 'FAILURE'] as const) {
          const records = await walk(listing, { name, states: [state] }, 5)
          assert.ok(records.every((one) => one.state === state))
          found.push(...records.map((one) => one.state))
        }
        return found
      }
      await results.put([task])
      assert.deepEqual(await inState(), ['PENDING'])
      await results.put([{ ...task, state: 'STARTED', epoch: 1 }])
      assert.deepEqual(await inState(), ['STARTED'])
      await results.put([{ ...task, state: 'FAILURE', epoch: 1 }])
      assert.deepEqual(await inState(), ['FAILURE'])
      // Run again by a person.
      await results.put([{ ...task, generation: 1 }])
      assert.deepEqual(await inState(), ['PENDING'])
      await results.put([{ ...task, generation: 1, state: 'SUCCESS', epoch: 1 }])
      assert.deepEqual(await inState(), ['SUCCESS'])
    },
  },
  {
    id: 'history/what-is-gone-is-not-listed',
    promise: 'Records that `get` would give.',
    requires: [history],
    async run(stage) {
      const { results, history: listing, name } = await open(stage)
      const short = record({ name, state: 'SUCCESS', ttlMs: stage.shortMs, markMs: 3_600_000 })
      const failed = record({ name, state: 'FAILURE', ttlMs: stage.shortMs, markMs: stage.shortMs })
      const [kept, deleted] = [record({ name }), record({ name, state: 'FAILURE' })]
      await results.put([short, failed, kept, deleted])
      const claimed = stage.key()
      await results.claim([{ id: claimed, generation: 0, attempt: 0, runId: 'run', ttlMs: 3_600_000 }])
      await results.delete([deleted.id])
      assert.deepEqual(await walk(listing, { idPrefix: claimed }, 5), [], 'a claim is no record')
      await stage.pastShort()
      assert.deepEqual(idsOf(await walk(listing, { name }, 5)), [kept.id])
      assert.deepEqual(await walk(listing, { name, states: ['FAILURE'] }, 5), [])
      assert.equal((await listing.counts({ name }, { atMost: 10 })).states.SUCCESS, 0)
    },
  },
  {
    id: 'history/counts-by-state',
    promise: 'How many fit, by state; counts a state no further than `atMost`.',
    requires: [history],
    async run(stage) {
      const { results, history: listing, name } = await open(stage)
      const tasks = [
        ...Array.from({ length: 12 }, () => record({ name, state: 'SUCCESS', queue: 'a' })),
        ...Array.from({ length: 3 }, () => record({ name, state: 'FAILURE', queue: 'b' })),
        record({ name, state: 'PENDING', queue: 'b' }),
      ]
      await results.put(tasks)
      const none = { PENDING: 0, STARTED: 0, RETRY: 0, SUCCESS: 0, FAILURE: 0, REVOKED: 0 }
      const all = await listing.counts({ name }, { atMost: 100 })
      assert.deepEqual(all, { states: { ...none, SUCCESS: 12, FAILURE: 3, PENDING: 1 }, complete: true })
      const some = await listing.counts({ name }, { atMost: 10 })
      assert.deepEqual(some, { states: { ...none, SUCCESS: 10, FAILURE: 3, PENDING: 1 }, complete: false })
      const ofB = await listing.counts({ name, queue: 'b', states: ['FAILURE'] }, { atMost: 10 })
      assert.deepEqual(ofB, { states: { ...none, FAILURE: 3 }, complete: true })
    },
  },
  {
    id: 'history/trim-forgets-the-earliest-that-ended',
    promise:
      'While there are more than `keep` records: forgets tasks that have ended, but none that ended less than `leastAgeMs` ago.',
    requires: [history],
    exclusive: true,
    timeoutMs: 60_000,
    async run(stage) {
      const { results, history: listing, name } = await open(stage)
      const ended = Array.from({ length: 130 }, () => record({ name, state: 'SUCCESS' }))
      const running = Array.from({ length: 3 }, () => record({ name }))
      await results.put([...ended, ...running])
      assert.equal(await listing.trim({ keep: 1, leastAgeMs: 86_400_000 }), 0, 'nothing is a day old')
      assert.equal(await listing.trim({ keep: 10_000_000, leastAgeMs: 0 }), 0, 'there are not so many')
      assert.equal((await walk(listing, { name }, 50)).length, 133)
      await stage.time.sleep(50 + stage.resolution)
      while ((await listing.trim({ keep: 5, leastAgeMs: 0 })) > 0);
      const left = await walk(listing, { name }, 50)
      assert.deepEqual(idsOf(left.filter(({ state }) => state === 'STARTED')), idsOf(running))
      assert.ok(left.length <= 8, `${left.length} are left`)
    },
  },
]
