// The whole night: a producer process sends, worker processes start when all of it waits, a report ends it.
//   node src/main.ts [--tasks 100000] [--workers 2] [--concurrency 50]
// TQ_BROKER_URL chooses the broker; without it, a SQLite file in a temporary folder. With memory: all is in this process.
import type { ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createWorker } from '@tq/core'
import { ended, start, startWorker, untilLine } from './processes.ts'
import { followNight, sendNight } from './produce.ts'
import { app } from './tasks.ts'
import { tellNight } from './tell.ts'

const { values } = parseArgs({
  options: {
    tasks: { type: 'string', default: '100000' },
    workers: { type: 'string', default: '2' },
    concurrency: { type: 'string', default: '50' },
  },
})
const accounts = Number(values.tasks)
const concurrency = Number(values.concurrency)

const directory = await mkdtemp(join(tmpdir(), 'tq-nightly-'))
const children: ChildProcess[] = []
try {
  const broker = process.env['TQ_BROKER_URL'] || `sqlite:${join(directory, 'queue.db')}`
  const asPlanned = broker.startsWith('memory:') ? await inThisProcess() : await inProcesses(broker)
  process.exitCode = asPlanned ? 0 : 1
} finally {
  for (const child of children) child.kill('SIGTERM')
  await Promise.all(children.map(ended))
  await rm(directory, { recursive: true, force: true })
}

async function inProcesses(broker: string): Promise<boolean> {
  // On a broker that others use too, their queues are not touched.
  const namespace = process.env['TQ_NAMESPACE'] || 'nightly-demo'
  const environment = { TQ_BROKER_URL: broker, TQ_NAMESPACE: namespace }
  const producer = start(['src/main-producer.ts', String(accounts)], environment)
  children.push(producer)
  await untilLine(producer, /^sent /)
  for (let number = 0; number < Number(values.workers); number++)
    children.push(startWorker(concurrency, environment))
  return (await ended(producer)) === 0
}

async function inThisProcess(): Promise<boolean> {
  const id = await sendNight(accounts)
  console.log(`sent ${accounts} tasks`)
  const started = Date.now()
  const worker = createWorker(app, { concurrency, modules: [join(import.meta.dirname, 'tasks.ts')] })
  await worker.start()
  const report = await followNight(app, id)
  await worker.stop()
  await app.close()
  return tellNight(accounts, report, started)
}
