import {
  type Backend,
  createApp,
  crontab,
  every,
  type Logger,
  type ScheduleOptions,
  type ScheduleRules,
  type Timing,
  tickId,
} from '@tq/core'
import { createVirtualClock, memory, type VirtualClock } from '@tq/core/testing'
import { afterEach, expect, test } from 'vitest'
import { createBeat } from '../src/index.ts'
import { nextTicks } from '../src/ticks.ts'

const day = 86_400_000
const minute = 60_000
/** Two weeks before the clocks of Berlin go forward. */
const start = Date.UTC(2026, 2, 15, 12)

const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

interface World {
  readonly clock: VirtualClock
  /** Ids of the tasks that were sent, in order, and when they are due. */
  readonly sent: readonly { readonly id: string; readonly due: number }[]
  readonly logged: readonly string[]
  /** Timers that were set. */
  readonly timers: () => number
  /** Makes the backend's state unreachable, or reachable again. */
  setDown(down: boolean): void
}

/** A beat in a world whose time the test moves. */
async function world(
  schedules: Readonly<Record<string, readonly [Timing, ScheduleOptions?]>>,
): Promise<World> {
  const clock = createVirtualClock(start)
  let timers = 0
  const counting: VirtualClock = {
    ...clock,
    setTimer: (...all) => {
      timers++
      return clock.setTimer(...all)
    },
  }
  const logged: string[] = []
  const log = (message: string) => logged.push(message)
  const logger: Logger = { debug: () => {}, info: log, warn: log, error: log }
  const adapter = memory()
  const context = { namespace: 'tq', clock: counting }
  const memoryBroker = adapter.createBroker?.('memory:', context)
  const memoryBackend = adapter.createBackend?.('memory:', context)
  if (!memoryBroker || !memoryBackend) throw new Error('the memory adapter makes both')
  let down = false
  const sent: { id: string; due: number }[] = []
  const broker = before(memoryBroker, 'publish', (_, messages) => {
    for (const { id, delayMs = 0 } of messages) sent.push({ id, due: clock.now() + delayMs })
  })
  const backend: Backend = {
    ...memoryBackend,
    store: memoryBackend.store as string,
    state: beforeAll(memoryBackend.state, () => {
      if (down) throw new Error('out of reach')
    }),
    open: () => memoryBackend.open(),
    close: () => memoryBackend.close(),
  }
  const app = createApp({ broker, backend, clock: counting, logger })
  const task = app.task({ name: 'task', run: () => {} })
  for (const [name, [timing, options]] of Object.entries(schedules))
    app.schedule(name, timing, task.s(), options)
  const beat = createBeat(app, { lease: '10m' })
  await beat.start()
  ends.push(async () => {
    await beat.stop()
    await app.close()
  })
  return {
    clock,
    sent,
    logged,
    timers: () => timers,
    setDown: (next) => {
      down = next
    },
  }
}

/** The same object, with something that happens before one of its methods. */
function before<T extends object, Name extends keyof T>(
  target: T,
  method: Name,
  happens: (...all: T[Name] extends (...all: infer All) => unknown ? All : never) => void,
): T {
  return beforeAll(target, (name, all) => {
    if (name === method) happens(...(all as Parameters<typeof happens>))
  })
}

/** The same object, with something that happens before each of its methods; what that throws, they reject with. */
function beforeAll<T extends object>(
  target: T,
  happens: (name: string | symbol, all: readonly unknown[]) => void,
): T {
  return new Proxy(target, {
    get: (_, name) => {
      const member = Reflect.get(target, name) as unknown
      if (typeof member !== 'function') return member
      return (...all: unknown[]) => {
        try {
          happens(name, all)
        } catch (error) {
          return Promise.reject(error)
        }
        return Reflect.apply(member, target, all) as unknown
      }
    },
  })
}

const tickOf = (id: string): number => Date.parse(id.slice(id.indexOf('@') + 1))

function expected(
  name: string,
  timing: Timing,
  until: number,
  options: Partial<ScheduleRules> = {},
): string[] {
  const rules: ScheduleRules = {
    timing,
    timeZone: 'UTC',
    missed: 'latest',
    overlap: 'allow',
    jitterMs: 0,
    enabled: true,
    ...options,
  }
  const ticks = nextTicks(rules, start, 10_000).filter((tick) => tick <= until)
  return ticks.map((tick) => tickId(name, tick))
}

test('four weeks over a change of the clocks: every tick, once, in time', async () => {
  const timeZone = 'Europe/Berlin'
  const nightly = crontab({ hour: 2, minute: 30 })
  const hourly = crontab('15 * * * *')
  const { clock, sent } = await world({
    nightly: [nightly, { timeZone }],
    hourly: [hourly, { timeZone }],
    rarely: [every('9d')],
  })
  await clock.advance(28 * day)
  const until = clock.now()
  const all = [
    ...expected('nightly', nightly, until, { timeZone }),
    ...expected('hourly', hourly, until, { timeZone }),
    ...expected('rarely', every('9d'), until),
  ]
  expect(all).toHaveLength(28 + 28 * 24 + 3)
  expect(sent.map(({ id }) => id).sort()).toEqual(all.sort())
  const lateness = sent.map(({ id, due }) => due - tickOf(id))
  expect(Math.min(...lateness)).toBeGreaterThanOrEqual(0)
  expect(Math.max(...lateness)).toBeLessThan(1_000)
})

test('an interval of months does not spin', async () => {
  const { clock, sent, timers } = await world({ rarely: [every('60d')] })
  await clock.advance(day)
  const before = timers()
  await clock.advance(40 * day)
  // The lease is renewed every three minutes; nothing else wakes it.
  expect((timers() - before) / 40).toBeLessThan(600)
  await clock.advance(80 * day)
  expect(sent.map(({ id }) => id)).toEqual(expected('rarely', every('60d'), clock.now()))
  expect(sent).toHaveLength(2)
})

test('services that are away for minutes: it goes on by itself, and makes up for what each schedule wants', async () => {
  const { clock, sent, logged, setDown } = await world({
    all: [every('1m'), { missed: 'all' }],
    latest: [every('5m'), { missed: 'latest' }],
    skip: [every('5m'), { missed: 'skip' }],
  })
  const of = (name: string) => sent.map(({ id }) => id).filter((id) => id.startsWith(name))
  await clock.advance(5 * minute)
  setDown(true)
  await clock.advance(11 * minute + 30_000)
  expect(of('all')).toHaveLength(5)
  expect(logged.filter((message) => message.includes('interrupted'))).toHaveLength(1)
  setDown(false)
  await clock.advance(minute)
  expect(of('all')).toEqual(expected('all', every('1m'), clock.now()))
  expect(of('latest')).toEqual([tickId('latest', start + 5 * minute), tickId('latest', start + 15 * minute)])
  expect(of('skip')).toEqual([tickId('skip', start + 5 * minute)])
  await clock.advance(10 * minute)
  expect(of('skip')).toHaveLength(3)
  expect(of('latest')).toHaveLength(4)
})

test('jitter delays each tick by its own fixed part', async () => {
  const { clock, sent } = await world({ spread: [every('1h'), { jitter: '30m' }] })
  await clock.advance(5 * 60 * minute)
  const delays = sent.map(({ id, due }) => due - tickOf(id))
  expect(delays).toHaveLength(5)
  expect(new Set(delays.map((delay) => Math.round(delay / minute))).size).toBeGreaterThan(1)
  expect(Math.max(...delays)).toBeLessThan(30 * minute + 1_000)
})
