import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { createWorker } from '@tq/core'
import { app } from './app.ts'

/** Starts so many worker processes, or one worker here where the broker is this process's memory. Returns how to stop them. */
export async function startWorkers(count: number): Promise<() => Promise<void>> {
  if (process.env['TQ_BROKER_URL']?.startsWith('memory:')) {
    const worker = createWorker(app, { queues: ['mail'], concurrency: 8, beat: true })
    await worker.start()
    return async () => void (await worker.stop())
  }
  const workers = Array.from({ length: count }, startWorker)
  return async () => {
    for (const worker of workers) worker.kill('SIGTERM')
    await Promise.all(workers.map(ended))
  }
}

/** As people start it: `tq worker -A src/tasks.ts`. */
function startWorker(): ChildProcess {
  const manifest = createRequire(import.meta.url).resolve('@tq/cli/package.json')
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as { bin: { tq: string } }
  const flags = [...process.execArgv, '--disable-warning=ExperimentalWarning']
  // A mail that is refused is part of the plan, and nothing to read about.
  const options = ['-A', 'src/tasks.ts', '--beat', '--loglevel', 'error', '--connect-timeout', '10s']
  return spawn(process.execPath, [...flags, join(dirname(manifest), bin.tq), 'worker', ...options], {
    cwd: join(import.meta.dirname, '..'),
    stdio: 'ignore',
  })
}

async function ended(worker: ChildProcess): Promise<void> {
  if (worker.exitCode === null && worker.signalCode === null) await once(worker, 'exit')
}
