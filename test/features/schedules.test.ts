import { createBeat } from '@tq/beat'
import { at, chord, crontab, every, type ScheduleInfo, tickId, type } from '@tq/core'
import { expect } from 'vitest'
import { feature, gate, next, type Stage, until } from './feature.ts'

/** Long enough that no tick comes during a test. */
const never = every('60d')

function countingTask(stage: Stage) {
  const app = stage.app()
  const runs: string[] = []
  const task = app.task({
    name: 'task',
    input: type<string>(),
    run: (_, { id }) => {
      runs.push(id)
    },
  })
  return { app, task, runs }
}

const tickOf = (id: string): number => Date.parse(id.slice(id.indexOf('@') + 1))

async function infoOf(app: ReturnType<Stage['app']>, name: string): Promise<ScheduleInfo> {
  const found = (await app.schedules.list()).find((one) => one.name === name)
  if (!found) throw new Error(`no schedule '${name}'`)
  return found
}

/** How many ticks have run of which none before is missing. */
function inARow(runs: readonly string[], everyMs: number): number {
  const ticks = new Set(runs.map(tickOf))
  const first = Math.min(...ticks)
  let count = 0
  while (ticks.has(first + count * everyMs)) count++
  return count
}

feature('schedules/ticks-in-a-worker', { backend: false }, async (stage) => {
  const { app, task, runs } = countingTask(stage)
  app.schedule('often', every('200ms'), task.s('x'))
  const startedAt = Date.now()
  await stage.worker(app, { beat: true })
  await until(() => inARow(runs, 200) >= 4)
  const ticks = runs.map(tickOf)
  expect(runs[0]).toBe(tickId('often', ticks[0] ?? 0))
  expect(ticks.every((tick) => tick % 200 === 0 && tick >= startedAt - 1_000)).toBe(true)
  expect(stage.runs(ticks)).toHaveLength(new Set(ticks).size)
})

feature('schedules/workflows-are-sent-whole', { backend: true }, async (stage) => {
  const app = stage.app()
  const double = app.task({ name: 'double', input: type<number>(), run: (n) => 2 * n })
  const sums: number[] = []
  const sum = app.task({
    name: 'sum',
    input: type<readonly number[]>(),
    run: (numbers) => {
      sums.push(numbers.reduce((total, n) => total + n, 0))
    },
  })
  app.schedule('totals', every('500ms'), chord([double.s(1), double.s(2)], sum.s()))
  await stage.worker(app, { beat: true })
  await until(() => sums.length >= 2)
  expect(sums.slice(0, 2)).toEqual([6, 6])
  const { last, sends } = await until(async () => {
    const info = await infoOf(app, 'totals')
    return info.last && info
  })
  expect(sends).toBe('chain(group(double, double), sum)')
  expect(await app.workflow(last?.id ?? '').get({ timeout: '10s' })).toBe(undefined)
})

feature('schedules/several-replicas-send-each-tick-once', { backend: true }, async (stage) => {
  const { app, task, runs } = countingTask(stage)
  app.schedule('often', every('100ms'), task.s('x'), { missed: 'all' })
  await stage.worker(app)
  const beats = [createBeat(app), createBeat(app), createBeat(app, { lease: '1s' })]
  await Promise.all(beats.map((beat) => beat.start()))
  await until(() => inARow(runs, 100) >= 10)
  await Promise.all(beats.map((beat) => beat.stop()))
  expect(stage.runs(runs)).toHaveLength(new Set(runs).size)
})

feature('schedules/made-changed-paused-and-removed-at-run-time', { backend: true }, async (stage) => {
  const { app, runs } = countingTask(stage)
  await stage.worker(app, { beat: true })
  const producer = stage.app()
  const contract = producer.task({ name: 'task', input: type<string>(), run: () => {} })
  const of = (name: string) => stage.runs(runs).filter((id) => id.startsWith(`${name}@`)).length
  await producer.schedules.upsert('live', every('100ms'), contract.s('x'))
  await until(() => of('live') >= 2)
  await producer.schedules.pause('live')
  expect(await infoOf(producer, 'live')).toMatchObject({ state: 'paused', source: 'store', next: [] })
  // What was being sent when it was paused may still come; then nothing does.
  await producer.schedules.upsert('other', every('100ms'), contract.s('y'))
  await until(() => of('other') >= 2)
  const paused = of('live')
  const others = of('other')
  await until(() => of('other') >= others + 4)
  expect(of('live')).toBe(paused)
  await producer.schedules.resume('live')
  await until(() => of('live') > paused)
  await producer.schedules.upsert('live', never, contract.s('x'))
  const { next: ticks, when } = await infoOf(producer, 'live')
  expect(when).toBe('every 60d')
  expect(ticks).toHaveLength(5)
  expect(await producer.schedules.remove('live')).toBe(true)
  expect(await producer.schedules.remove('live')).toBe(false)
  const code = { code: 'UNKNOWN_SCHEDULE' }
  await expect(producer.schedules.pause('live')).rejects.toMatchObject(code)
  await expect(producer.schedules.runNow('live')).rejects.toMatchObject(code)
  expect((await producer.schedules.list()).map(({ name }) => name)).toEqual(['other'])
})

feature('schedules/a-date-comes-once', { backend: true }, async (stage) => {
  const { app, task, runs } = countingTask(stage)
  await stage.worker(app, { beat: true })
  const date = new Date(Date.now() + 400)
  await app.schedules.upsert('once', at(date), task.s('x'))
  const before = next(app, 'succeeded')
  await before
  expect(Date.now()).toBeGreaterThanOrEqual(date.getTime())
  expect(stage.runs(runs)).toEqual([tickId('once', date.getTime())])
  await until(async () => (await infoOf(app, 'once')).state === 'ended')
  await expect(
    app.schedules.upsert('late', at(new Date(Date.now() - 1_000)), task.s('x')),
  ).rejects.toMatchObject({
    code: 'INVALID_SCHEDULE',
  })
})

feature('schedules/run-now', { backend: true }, async (stage) => {
  const { app, task, runs } = countingTask(stage)
  app.schedule('rare', never, task.s('x'))
  await stage.worker(app, { beat: true })
  await app.schedules.pause('rare')
  const result = await app.schedules.runNow('rare')
  await result.get({ timeout: '10s' })
  expect(stage.runs(runs)).toEqual([result.id])
  expect((await infoOf(app, 'rare')).last).toBeUndefined()
})

feature('schedules/overlap', { backend: true }, async (stage) => {
  const app = stage.app()
  const started: string[] = []
  const { opened, open } = gate()
  const slow = app.task({
    name: 'slow',
    run: async (_, { id }) => {
      started.push(id)
      await opened
    },
  })
  for (const overlap of ['skip', 'queue', 'allow'] as const)
    app.schedule(overlap, every('200ms'), slow.s(), { overlap })
  await stage.worker(app, { beat: true, concurrency: 64 })
  const of = (name: string) => stage.runs(started).filter((id) => id.startsWith(name)).length
  await until(() => of('allow') >= 5)
  expect([of('skip'), of('queue')]).toEqual([1, 1])
  const skip = await until(async () => {
    const info = await infoOf(app, 'skip')
    return info.dropped >= 3 && info
  })
  expect(skip.waiting).toBe(0)
  const queue = await until(async () => {
    const info = await infoOf(app, 'queue')
    return info.waiting >= 3 && info
  })
  expect(queue.dropped).toBe(0)
  open()
  await until(() => of('queue') >= 3 && of('skip') >= 2)
  const ticks = stage
    .runs(started)
    .filter((id) => id.startsWith('queue'))
    .map(tickOf)
  expect(ticks).toEqual(ticks.map((_, index) => (ticks[0] ?? 0) + 200 * index))
})

feature('schedules/code-wins-on-deploy-and-pause-survives', { backend: true }, async (stage) => {
  const deploy = (when: ReturnType<typeof every>, names: readonly string[]) => {
    const app = stage.app()
    const task = app.task({ name: 'task', input: type<string>(), run: () => {} })
    for (const name of names) app.schedule(name, when, task.s(name))
    return { app, task, beat: createBeat(app) }
  }
  const old = deploy(every('30d'), ['kept', 'gone'])
  await old.beat.start()
  await old.app.schedules.pause('kept')
  const inCode = { code: 'SCHEDULE_IN_CODE' }
  await expect(old.app.schedules.upsert('kept', never, old.task.s('x'))).rejects.toMatchObject(inCode)
  await expect(old.app.schedules.remove('gone')).rejects.toMatchObject(inCode)
  await old.app.schedules.upsert('taken', never, old.task.s('x'))
  // The new code runs beside the old one for a while: what only one of them has ticks on.
  const fresh = deploy(every('40d'), ['kept', 'taken'])
  await fresh.beat.start()
  expect(await infoOf(fresh.app, 'kept')).toMatchObject({
    when: 'every 40d',
    state: 'paused',
    source: 'code',
  })
  expect(await infoOf(fresh.app, 'taken')).toMatchObject({
    when: 'every 40d',
    state: 'active',
    source: 'code',
  })
  expect(await infoOf(fresh.app, 'gone')).toMatchObject({ when: 'every 30d', state: 'active' })
  await old.beat.stop()
  expect(await infoOf(fresh.app, 'gone')).toMatchObject({ state: 'orphaned', next: [] })
  expect(await fresh.app.schedules.remove('gone')).toBe(true)
  await fresh.beat.stop()
})

feature('schedules/without-a-backend-only-the-code', { backend: false }, async (stage) => {
  const { app, task } = countingTask(stage)
  app.schedule('rare', crontab({ hour: 1, minute: 0 }), task.s('x'), { timeZone: 'Asia/Shanghai' })
  const info = await infoOf(app, 'rare')
  expect(info).toMatchObject({ when: 'crontab 0 1 * * *', timeZone: 'Asia/Shanghai', sends: 'task' })
  expect(info.next[0]?.toISOString()).toMatch(/T17:00:00.000Z$/)
  if (stage.pair.hasBackend) return
  const needed = { code: 'BACKEND_REQUIRED' }
  await expect(app.schedules.upsert('x', never, task.s('x'))).rejects.toMatchObject(needed)
  await expect(app.schedules.pause('rare')).rejects.toMatchObject(needed)
  const other = stage.app()
  const same = other.task({ name: 'task', run: () => {} })
  other.schedule('one-at-a-time', never, same.s(), { overlap: 'queue' })
  await expect(createBeat(other).start()).rejects.toMatchObject(needed)
})

feature('schedules/wrong-ones-are-refused-where-they-are-written', { backend: false }, async (stage) => {
  const { app, task } = countingTask(stage)
  const invalid = expect.objectContaining({ code: 'INVALID_SCHEDULE' })
  const define = (...rest: unknown[]) => (app.schedule as (...all: unknown[]) => void)('name', ...rest)
  expect(() => define(crontab('0 0 31 4 *'), task.s('x'))).toThrow(invalid)
  expect(() => define('every 5 minutes', task.s('x'))).toThrow(invalid)
  expect(() => define(never, task.s('x'), { timeZone: 'Mars/Olympus' })).toThrow(invalid)
  expect(() => define(never, task.s('x'), { overlap: 'maybe' })).toThrow(invalid)
  expect(() => define(never, task.s('x'), { startAt: new Date(2), endAt: new Date(1) })).toThrow(invalid)
  expect(() => app.schedule('a b', never, task.s('x'))).toThrow(
    expect.objectContaining({ code: 'INVALID_NAME' }),
  )
  app.schedule('name', never, task.s('x'))
  expect(() => define(never, task.s('x'))).toThrow(expect.objectContaining({ code: 'DUPLICATE_SCHEDULE' }))
  const other = stage.app()
  const same = other.task({ name: 'task', run: () => {} })
  other.schedule('when', never, same.s().set({ eta: new Date() }))
  await expect(createBeat(other).start()).rejects.toMatchObject({ code: 'INVALID_SCHEDULE' })
})
