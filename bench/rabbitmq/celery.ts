import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import type { Figures } from '../redis/measure.ts'
import type { Plan } from './measure.ts'

const run = promisify(execFile)
const here = fileURLToPath(new URL('.', import.meta.url))
const concurrency = 10

/** Puts Celery into a virtual environment of its own. Rejects with why it cannot be had. */
export async function installCelery(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'tq-celery-'))
  await run('python3', ['-m', 'venv', folder])
  await run(join(folder, 'bin', 'pip'), ['install', '--quiet', 'celery==5.6.*', 'redis'])
  return folder
}

/** Celery's drain with its default pool, counted by the results that are there. */
export async function celery(folder: string, { amqp, redis, singles }: Plan): Promise<Figures> {
  const env = { ...process.env, BENCH_AMQP: amqp, BENCH_REDIS: `${redis}/9`, PYTHONPATH: here }
  const store = new Redis(`${redis}/9`)
  await store.flushdb()
  const start = performance.now()
  await run(join(folder, 'bin', 'python'), [join(here, 'celery_tasks.py'), String(singles)], { env })
  const sent = (singles * 1_000) / (performance.now() - start)
  const options = [
    '-A',
    'celery_tasks',
    'worker',
    '-c',
    String(concurrency),
    '-l',
    'ERROR',
    '--without-gossip',
  ]
  const worker = spawn(join(folder, 'bin', 'celery'), options, { env, stdio: 'ignore' })
  const done = async () => (await store.keys('celery-task-meta-*')).length
  let [first, begun] = [0, 0]
  while (first === 0) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    first = await done()
    begun = performance.now()
  }
  while ((await done()) < singles) await new Promise((resolve) => setTimeout(resolve, 20))
  const drained = ((singles - first) * 1_000) / (performance.now() - begun)
  worker.kill('SIGTERM')
  await once(worker, 'exit')
  await store.flushdb()
  store.disconnect()
  return { 'send one by one, tasks/s': sent, 'drain at 100, tasks/s': drained }
}
