import { createApp, createWorker, type } from '@tq/core'
import { memory } from '@tq/core/testing'
import type { Sample } from '../report.ts'

interface Payload {
  readonly user: number
  readonly name: string
  readonly tags: readonly string[]
}

const payload = (n: number): Payload => ({
  user: n,
  name: `user ${n} of the benchmark`,
  tags: ['alpha', 'beta', 'gamma'],
})

/**
 * What core itself adds to a task: the memory broker, a no-op task, results, leases, retries and validation on. Beside
 * it a loop that only parses the same messages.
 */
export async function coreCost(tasks: number): Promise<readonly Sample[]> {
  return [await parseOnly(tasks), await drain(tasks)]
}

async function parseOnly(tasks: number): Promise<Sample> {
  const bodies = Array.from({ length: tasks }, (_, n) =>
    Buffer.from(
      JSON.stringify({
        v: 1,
        id: `0199aaaa-bbbb-7ccc-8ddd-${n}`,
        task: 'noop',
        input: payload(n),
        attempt: 0,
        generation: 0,
        sentAt: 1,
      }),
    ),
  )
  let sum = 0
  const cpu = process.cpuUsage()
  const start = performance.now()
  for (const body of bodies) sum += (JSON.parse(body.toString()) as { input: Payload }).input.user
  return { name: 'parse only', tasks, ms: performance.now() - start, cpuMs: cpuMs(cpu), check: sum }
}

async function drain(tasks: number): Promise<Sample> {
  const app = createApp({ broker: 'memory:', adapters: [memory()] })
  let done = 0
  let finish = () => {}
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  const noop = app.task({
    name: 'noop',
    input: type<Payload>(),
    run: () => {
      if (++done === tasks) finish()
      return { ok: true }
    },
  })
  for (let sent = 0; sent < tasks; sent += 10_000) {
    await noop.delayMany(Array.from({ length: Math.min(10_000, tasks - sent) }, (_, n) => payload(sent + n)))
  }
  const worker = createWorker(app, { concurrency: 100 })
  const cpu = process.cpuUsage()
  const start = performance.now()
  await worker.start()
  await finished
  await worker.stop()
  const sample = {
    name: 'core on memory',
    tasks,
    ms: performance.now() - start,
    cpuMs: cpuMs(cpu),
    check: done,
  }
  await app.close()
  return sample
}

function cpuMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1_000
}
