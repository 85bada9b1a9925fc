import { type ChildProcess, fork } from 'node:child_process'
import type { StopReport } from '@tq/core'
import { mainFile } from '../files.ts'
import type { ErrorReport } from '../output/report-error.ts'
import type { StartInfo } from '../worker/banner.ts'
import type { FromWorker } from '../worker/parent.ts'

/** How a worker process ended. */
export interface Ending {
  /** Why it stopped by itself, where it said so. */
  readonly reason: StopReport['reason'] | undefined
  /** Why it could not start, where it said so. */
  readonly error: ErrorReport | undefined
  /** `exit code 1`, `signal SIGKILL`. */
  readonly how: string
  readonly clean: boolean
  readonly livedMs: number
}

/** One worker process, from its start to its end. */
export class SupervisedProcess {
  /** Resolves when it takes tasks; never, when it ends before. */
  readonly ready: Promise<StartInfo>
  readonly ended: Promise<Ending>
  readonly #child: ChildProcess
  #alive = true

  constructor(number: number, rawArguments: readonly string[]) {
    const startedAt = performance.now()
    let reason: StopReport['reason'] | undefined
    let error: ErrorReport | undefined
    // In a group of its own: a Ctrl-C reaches only the supervisor, which passes it on once.
    this.#child = fork(mainFile, ['worker', ...rawArguments, '--supervised', String(number)], {
      detached: true,
    })
    this.ready = new Promise((resolve) => {
      this.#child.on('message', (message: FromWorker) => {
        if (message.type === 'ready') resolve(message.info)
        else if (message.type === 'stopped') reason = message.reason
        else error = message.error
      })
    })
    this.ended = new Promise((resolve) => {
      const end = (how: string, clean: boolean) => {
        this.#alive = false
        resolve({ reason, error, how, clean, livedMs: performance.now() - startedAt })
      }
      this.#child.on('error', (failure) => end(failure.message, false))
      this.#child.on('exit', (code, signal) =>
        end(signal ? `signal ${signal}` : `exit code ${code}`, code === 0),
      )
    })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  kill(signal: NodeJS.Signals): void {
    if (this.#alive) this.#child.kill(signal)
  }
}
