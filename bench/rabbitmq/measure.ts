import { type Figures, type Peer, payload } from '../redis/measure.ts'

/** How much of everything: the same for all. */
export interface Plan {
  readonly amqp: string
  readonly redis: string
  /** Sent in bulk and drained at concurrency 100. */
  readonly tasks: number
  /** Drained at concurrency 1. */
  readonly few: number
  /** Sent one by one, each awaited. */
  readonly singles: number
  /** Sent into an empty queue that a worker waits on. */
  readonly pings: number
}

const batch = 1_000

/** A promise and what resolves it. */
function signal(): { readonly promise: Promise<void>; resolve(): void } {
  let resolve = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve: () => resolve() }
}

/** Everything that is measured of one peer, on queues of its own. */
export async function figuresOf(peer: Peer, plan: Plan): Promise<Figures> {
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
    const [begun, over] = [signal(), signal()]
    let started = 0
    const task = () => {
      started++
      if (started === 1) begun.resolve()
      if (started === tasks) over.resolve()
    }
    const working = peer.work(concurrency, { task })
    await begun.promise
    await rate(name, tasks, () => over.promise)
    await (await working).stop()
    if (started !== tasks) throw new Error(`${name}: ${started} of ${tasks} tasks ran`)
  }
  await rate('send one by one', plan.singles, async () => {
    for (let n = 0; n < plan.singles; n++) await peer.send(payload(n))
  })
  await fill(plan.few)
  await drain('warm up', plan.singles + plan.few, 100)
  await rate('send in bulk', plan.tasks, () => fill(plan.tasks))
  await drain('drain at 100', plan.tasks, 100)
  await fill(plan.few)
  await drain('drain at 1', plan.few, 1)
  Object.assign(figures, await latency(peer, plan.pings))
  await peer.close()
  return figures
}

/** From sending into an empty queue to the start of the task, by one waiting worker. */
async function latency(peer: Peer, pings: number): Promise<Figures> {
  let onTask = () => {}
  const worker = await peer.work(10, { task: () => onTask() })
  const times: number[] = []
  for (let n = 0; n < pings; n++) {
    // Long enough to be idle again.
    await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 5))
    const start = performance.now()
    const started = signal()
    onTask = () => started.resolve()
    await Promise.all([
      peer.send(payload(n)),
      started.promise.then(() => times.push(performance.now() - start)),
    ])
  }
  await worker.stop()
  times.sort((a, b) => a - b)
  const at = (share: number) => times[Math.floor((times.length - 1) * share)] ?? Number.NaN
  return { 'idle to start p50, ms': at(0.5), 'idle to start p99, ms': at(0.99) }
}
