import { setTimeout as sleep } from 'node:timers/promises'
import { type App, type AppOptions, createApp, createWorker, type } from '@tq/core'
import { redis } from '@tq/redis'
import { startRedis } from '../../test/services/redis.ts'
import { measure, type Payload, payload } from './drain.ts'

/** What history may cost. */
const targets = { drain: 1.15, steady: 1.03 }
/** CPU time in milliseconds with and without. */
type Pair = readonly [on: number, off: number]
const tasks = 30_000
const perSecond = 1_000
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const seconds = 5

/** What inputs and logs kept with each task cost, on Redis: a drain at full speed, and 1,000 tasks/s. */
export async function historyCost(rounds: number): Promise<void> {
  const server = await startRedis([], true)
  const drained: Pair[] = []
  const steady: Pair[] = []
  try {
    // What comes first pays for compiling everything.
    await drainCpu({ broker: server.url, adapters: [redis()], namespace: 'first', logger: quiet })
    for (let round = 0; round < rounds; round++) {
      // In turn, and in both orders: the machine may be busy with something else.
      const both = round % 2 === 0 ? [false, undefined] : [undefined, false]
      const times = new Map<unknown, { drainMs: number; steadyMs: number }>()
      for (const history of both) {
        const options: AppOptions<undefined> = {
          broker: server.url,
          adapters: [redis()],
          logger: quiet,
          namespace: `h${round}${history === false ? 'off' : 'on'}`,
          ...(history === false ? { history } : {}),
        }
        times.set(history, { drainMs: await drainCpu(options), steadyMs: await steadyCpu(options) })
      }
      const [on, off] = [times.get(undefined), times.get(false)]
      if (!on || !off) continue
      drained.push([on.drainMs, off.drainMs])
      steady.push([on.steadyMs, off.steadyMs])
      console.log(
        `  drain: ${perTask(on.drainMs, tasks)} µs CPU per task, without ${perTask(off.drainMs, tasks)}; ` +
          `at ${perSecond}/s: ${share(on.steadyMs)} % of a core, without ${share(off.steadyMs)}`,
      )
    }
  } finally {
    await server.stop()
  }
  // The least of each: whatever else the machine does only adds.
  const [drainOn, drainOff] = leastOf(drained)
  const [steadyOn, steadyOff] = leastOf(steady)
  say('history at full drain, CPU of the worker', drainOn / drainOff, targets.drain)
  const ofOneCore = 1 + (steadyOn - steadyOff) / (seconds * 1_000)
  say(`history at ${perSecond} tasks/s, of one core`, ofOneCore, targets.steady)
}

async function drainCpu(options: AppOptions<undefined>): Promise<number> {
  const { app, noop, finished } = noopApp(options, tasks)
  for (let sent = 0; sent < tasks; sent += 5_000) {
    await noop.delayMany(Array.from({ length: 5_000 }, (_, n) => payload(sent + n)))
  }
  const worker = createWorker(app, { concurrency: 100 })
  const draining = measure()
  await worker.start()
  await finished
  const { cpuMs } = draining()
  await worker.stop()
  await app.close()
  return cpuMs
}

/** Sender and worker in this process. */
async function steadyCpu(options: AppOptions<undefined>): Promise<number> {
  const { app, noop, finished } = noopApp(options, perSecond * seconds)
  const worker = createWorker(app, { concurrency: 100 })
  await worker.start()
  const running = measure()
  const start = performance.now()
  for (let sent = 0; sent < perSecond * seconds; sent += perSecond / 50) {
    await noop.delayMany(Array.from({ length: perSecond / 50 }, (_, n) => payload(sent + n)))
    await sleep(Math.max(0, start + (sent / perSecond) * 1_000 + 20 - performance.now()))
  }
  await finished
  const { cpuMs } = running()
  await worker.stop()
  await app.close()
  return cpuMs
}

function noopApp(options: AppOptions<undefined>, count: number) {
  const app: App<undefined> = createApp(options)
  let done = 0
  let finish = () => {}
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  const noop = app.task({
    name: 'noop',
    input: type<Payload>(),
    run: () => {
      if (++done === count) finish()
      return { ok: true }
    },
  })
  return { app, noop, finished }
}

const share = (cpuMs: number) => ((cpuMs / (seconds * 1_000)) * 100).toFixed(1)
const perTask = (cpuMs: number, count: number) => ((cpuMs * 1_000) / count).toFixed(1)
const leastOf = (pairs: readonly Pair[]): Pair => [
  Math.min(...pairs.map(([on]) => on)),
  Math.min(...pairs.map(([, off]) => off)),
]

function say(what: string, ratio: number, most: number): void {
  console.log(`${what}: ×${ratio.toFixed(3)} (target: at most ×${most})${ratio > most ? '  MISSED' : ''}`)
}
