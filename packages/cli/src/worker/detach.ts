import { fork } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { resolve } from 'node:path'
import { mainFile } from '../files.ts'
import { CommandError } from '../output/command-error.ts'
import { print } from '../output/print.ts'
import type { ErrorReport } from '../output/report-error.ts'
import type { FromWorker } from './parent.ts'
import type { WorkerValues } from './worker-flags.ts'

/** Starts the same command in a session of its own; returns when it is ready, fails with its error when it is not. */
export async function detach(values: WorkerValues, rawArguments: readonly string[]): Promise<void> {
  const pidfile = resolve(values.pidfile ?? 'tq-worker.pid')
  const logfile = resolve(values.logfile ?? 'tq-worker.log')
  const log = openSync(logfile, 'a')
  const own = ['--detached', '--pidfile', pidfile, '--logfile', logfile]
  const child = fork(mainFile, ['worker', ...rawArguments, ...own], {
    detached: true,
    // What is printed past the logger, as by a crash, goes to the same file.
    stdio: ['ignore', log, log, 'ipc'],
  })
  closeSync(log)
  await new Promise<void>((resolve, reject) => {
    child.on('message', (message: FromWorker) => {
      if (message.type === 'ready') resolve()
      else if (message.type === 'failed') reject(rebuild(message.error))
    })
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      reject(
        new CommandError('START_FAILED', `The worker ended at once (${signal ?? code}); see ${logfile}.`),
      )
    })
  })
  child.disconnect()
  child.unref()
  print(
    values.json,
    { pid: child.pid, pidfile, logfile },
    () => `worker ${child.pid} is ready; log: ${logfile}`,
  )
}

/** The child's error, as if it were ours. */
export function rebuild(error: ErrorReport): Error {
  const { message, ...rest } = error
  return Object.assign(new CommandError(error.code, message), rest)
}
