import { Redis } from 'ioredis'

export interface Payload {
  readonly user: number
  readonly name: string
  readonly tags: readonly string[]
}

/** About 100 bytes as JSON. */
export const payload = (n: number): Payload => ({
  user: n,
  name: `user ${n} of the benchmark`,
  tags: ['alpha', 'beta', 'gamma'],
})

/** How much of everything: the same for all. */
export interface Plan {
  readonly url: string
  /** Sent in bulk and drained at concurrency 100. */
  readonly tasks: number
  /** Drained at concurrency 1. */
  readonly few: number
  /** Sent one by one, each awaited. */
  readonly singles: number
  /** Sent into an empty queue that a worker waits on. */
  readonly pings: number
}

/** Measure → value. */
export type Figures = Record<string, number>

/** A library under test. What it counts itself proves that nothing was skipped. */
export interface Peer {
  send(task: Payload): Promise<unknown>
  sendMany(tasks: readonly Payload[]): Promise<unknown>
  /** Starts a worker; `onTask` is called as each task starts, `onDone` when its result is stored or on its way. */
  work(concurrency: number, on: { task(): void }): Promise<{ stop(): Promise<unknown> }>
  close(): Promise<unknown>
}

const batch = 1_000

/** Everything that is measured of one peer, on an empty Redis. */
export async function figuresOf(peer: Peer, plan: Plan): Promise<Figures> {
  const client = new Redis(plan.url)
  await client.flushall()
  const figures: Figures = {}
  const rate = async (name: string, tasks: number, run: () => Promise<void>) => {
    const cpu = process.cpuUsage()
    const start = performance.now()
    await run()
    figures[`${name}, tasks/s`] = (tasks * 1_000) / (performance.now() - start)
    const { user, system } = process.cpuUsage(cpu)
    figures[`${name}, CPU µs per task`] = (user + system) / tasks
  }
  const fill = async (tasks: number) => {
    for (let sent = 0; sent < tasks; sent += batch) {
      await peer.sendMany(Array.from({ length: Math.min(batch, tasks - sent) }, (_, n) => payload(sent + n)))
    }
  }
  // From the first task on: how long a worker takes to start is another question.
  const drain = async (name: string, tasks: number, concurrency: number) => {
    let started = 0
    let first = () => {}
    let last = () => {}
    const [begun, over] = [
      new Promise<void>((resolve) => {
        first = resolve
      }),
      new Promise<void>((resolve) => {
        last = resolve
      }),
    ]
    const task = () => {
      started++
      if (started === 1) first()
      if (started === tasks) last()
    }
    const working = peer.work(concurrency, { task })
    await begun
    await rate(name, tasks, () => over)
    await (await working).stop()
    if (started !== tasks) throw new Error(`${name}: ${started} of ${tasks} tasks ran`)
  }
  const sendSingles = async () => {
    for (let n = 0; n < plan.singles; n++) await peer.send(payload(n))
  }
  // A producer lives long: what its first sends cost, while they are compiled, is another question.
  await sendSingles()
  await rate('send one by one', plan.singles, sendSingles)
  await fill(plan.few)
  await drain('warm up', 2 * plan.singles + plan.few, 100)
  await client.flushall()
  const before = await usedMemory(client)
  await rate('send in bulk', plan.tasks, () => fill(plan.tasks))
  figures['Redis bytes per queued task'] = ((await usedMemory(client)) - before) / plan.tasks
  await drain('drain at 100', plan.tasks, 100)
  await fill(plan.few)
  await drain('drain at 1', plan.few, 1)
  await rate('send 100 in flight', plan.tasks, async () => {
    let next = 0
    const sender = async () => {
      while (next < plan.tasks) await peer.send(payload(next++))
    }
    await Promise.all(Array.from({ length: 100 }, sender))
  })
  await client.flushall()
  Object.assign(figures, await latency(peer, plan.pings))
  await peer.close()
  client.disconnect()
  return figures
}

/** From sending into an empty queue to the start of the task, by one waiting worker. */
async function latency(peer: Peer, pings: number): Promise<Figures> {
  let onTask = () => {}
  const worker = await peer.work(10, { task: () => onTask() })
  const times: number[] = []
  // The first half is for the compilers, as with the sends.
  for (let n = -pings; n < pings; n++) {
    // Long enough to be idle again.
    await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 5))
    const start = performance.now()
    const started = new Promise<void>((resolve) => {
      onTask = resolve
    })
    const note = () => n >= 0 && times.push(performance.now() - start)
    await Promise.all([peer.send(payload(n)), started.then(note)])
  }
  await worker.stop()
  times.sort((a, b) => a - b)
  const at = (share: number) => times[Math.floor((times.length - 1) * share)] ?? Number.NaN
  return { 'idle to start p50, ms': at(0.5), 'idle to start p99, ms': at(0.99) }
}

async function usedMemory(client: Redis): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1])
}
