import { type Adapter, createApp, createWorker, type } from '@tq/core'
import type { Sample } from '../report.ts'

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

/** Sends no-op tasks in bulk, then drains them with one worker: results, leases, retries and validation on. */
export async function sendAndDrain(
  name: string,
  url: string,
  adapter: Adapter,
  tasks: number,
  concurrency: number,
): Promise<readonly Sample[]> {
  const app = createApp({ broker: url, adapters: [adapter] })
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
  await app.open()
  const sending = measure()
  for (let sent = 0; sent < tasks; sent += 10_000) {
    await noop.delayMany(Array.from({ length: Math.min(10_000, tasks - sent) }, (_, n) => payload(sent + n)))
  }
  const sent: Sample = { name: `${name}: bulk send`, tasks, ...sending(), check: tasks }
  const worker = createWorker(app, { concurrency })
  const draining = measure()
  await worker.start()
  await finished
  await worker.stop()
  const drained: Sample = { name: `${name}: drain at ${concurrency}`, tasks, ...draining(), check: done }
  await app.close()
  return [sent, drained]
}

/** Starts a clock; the function it returns stops it. */
export function measure(): () => { readonly ms: number; readonly cpuMs: number } {
  const cpu = process.cpuUsage()
  const start = performance.now()
  return () => {
    const { user, system } = process.cpuUsage(cpu)
    return { ms: performance.now() - start, cpuMs: (user + system) / 1_000 }
  }
}
