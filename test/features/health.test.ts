import { expect } from 'vitest'
import { feature, gate, next, until } from './feature.ts'

const get = async (port: number | undefined, path: string) => {
  const response = await fetch(`http://127.0.0.1:${port}${path}`)
  return { status: response.status, text: await response.text(), type: response.headers.get('content-type') }
}

/** The value of a sample. */
const sample = (text: string, name: string) => {
  const line = text.split('\n').find((one) => one.startsWith(`${name} `))
  return line === undefined ? undefined : Number(line.slice(name.length + 1))
}

feature('health/metrics-count-what-the-worker-did', { backend: false }, async (stage) => {
  const app = stage.app()
  const good = app.task({ name: 'say "hi"'.replaceAll(/[" ]/g, '.'), run: () => {} })
  const bad = app.task({
    name: 'bad',
    retry: { maxRetries: 0 },
    run: () => Promise.reject(new Error('no')),
  })
  const worker = await stage.worker(app, { metricsPort: 0, name: 'one', concurrency: 3 })
  const failed = next(app, 'failed')
  await bad.delay()
  await failed
  await good.delayMany([undefined, undefined])
  const ended = (count: number) => (stage.mayEndTwice ? expect.any(Number) : count)
  await until(() => worker.describe().succeeded >= 2)
  const { status, text, type } = await get(worker.metricsPort, '/metrics')
  expect(status).toBe(200)
  expect(type).toContain('version=0.0.4')
  expect(sample(text, 'tq_tasks_total{task="bad",end="failed"}')).toEqual(ended(1))
  expect(sample(text, `tq_tasks_total{task="${good.name}",end="succeeded"}`)).toEqual(ended(2))
  expect(sample(text, `tq_task_runtime_seconds_count{task="${good.name}"}`)).toEqual(ended(2))
  expect(sample(text, `tq_task_runtime_seconds_bucket{task="${good.name}",le="+Inf"}`)).toEqual(ended(2))
  expect(sample(text, 'tq_worker_slots')).toBe(3)
  // What comes twice may be there once more.
  const ready = stage.unruly ? expect.any(Number) : 0
  expect(sample(text, 'tq_queue_ready_tasks{queue="default"}')).toEqual(ready)
  // Every line is a comment or a sample, every metric has its type said once.
  const lines = text.trimEnd().split('\n')
  for (const line of lines) expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{.*\})? -?[\d.e+-]+)$/)
  const types = lines.filter((line) => line.startsWith('# TYPE'))
  expect(new Set(types).size).toBe(types.length)
})

feature('health/live-while-busy-ready-until-it-stops', { backend: false }, async (stage) => {
  const app = stage.app()
  const held = gate()
  const task = app.task({ name: 'task', run: () => held.opened })
  const worker = await stage.worker(app, { metricsPort: 0, concurrency: 1 })
  expect(await get(worker.metricsPort, '/livez')).toMatchObject({ status: 200, text: 'ok\n' })
  expect(await get(worker.metricsPort, '/readyz')).toMatchObject({ status: 200, text: 'ok\n' })
  expect((await get(worker.metricsPort, '/')).status).toBe(404)
  const refused = await fetch(`http://127.0.0.1:${worker.metricsPort}/metrics`, { method: 'POST' })
  expect(refused.status).toBe(405)
  const started = next(app, 'started')
  await task.delay()
  await started
  const stopping = worker.stop({ grace: '5s' })
  expect(await get(worker.metricsPort, '/readyz')).toMatchObject({ status: 503, text: 'it is stopping\n' })
  expect((await get(worker.metricsPort, '/livez')).status).toBe(200)
  held.open()
  await stopping
  await expect(get(worker.metricsPort, '/livez')).rejects.toThrow()
})

feature('health/a-taken-port-is-said-at-start', { backend: false }, async (stage) => {
  const app = stage.app()
  app.task({ name: 'task', run: () => {} })
  const { metricsPort } = await stage.worker(app, { metricsPort: 0 })
  await expect(stage.worker(app, { metricsPort: metricsPort ?? 0 })).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringContaining('another process has it'),
  })
})
