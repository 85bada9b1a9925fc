import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'

const home = join(import.meta.dirname, '..')

/** Starts a program of the app with this node and its conditions, its output beside ours. */
export function start(program: readonly string[], environment: NodeJS.ProcessEnv): ChildProcess {
  const flags = [...process.execArgv, '--disable-warning=ExperimentalWarning']
  return spawn(process.execPath, [...flags, ...program], {
    cwd: home,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

/** A worker as people start it: `tq worker -A src/tasks.ts`. */
export function startWorker(concurrency: number, environment: NodeJS.ProcessEnv): ChildProcess {
  const manifest = createRequire(import.meta.url).resolve('@tq/cli/package.json')
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as { bin: { tq: string } }
  const tq = join(dirname(manifest), bin.tq)
  // A statement that is stopped is part of the plan, and nothing to read about.
  const options = ['--concurrency', String(concurrency), '--loglevel', 'error', '--connect-timeout', '10s']
  const worker = start([tq, 'worker', '-A', 'src/tasks.ts', ...options], environment)
  // Nobody reads it, and a full pipe would stop the worker.
  worker.stdout?.resume()
  return worker
}

/** Shows what it writes; resolves at its first line that fits, rejects when it ends before. */
export async function untilLine(child: ChildProcess, fits: RegExp): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    if (!child.stdout) throw new Error('The process has no output.')
    createInterface({ input: child.stdout }).on('line', (line) => {
      console.log(line)
      if (fits.test(line)) resolve()
    })
    child.once('exit', (code, signal) => reject(new Error(`A process ended too early (${code ?? signal}).`)))
  })
}

/** Resolves with its exit code; a signal counts as 1. */
export async function ended(child: ChildProcess): Promise<number> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return child.exitCode ?? 1
}
