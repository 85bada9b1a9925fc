import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '@tq/core'
import type { StartInfo } from '../worker/banner.ts'
import { rebuild } from '../worker/detach.ts'
import { type Ending, SupervisedProcess } from './supervised-process.ts'

/** One that lived at least this long was healthy. */
const healthyMs = 10_000
const firstBackoffMs = 500
const longestBackoffMs = 30_000
/** Beyond the grace period: handlers get two seconds to react, then connections close. */
const closingMs = 5_000

/** Keeps a number of worker processes running until it is told to stop. */
export class Supervisor {
  readonly #processes = new Map<number, SupervisedProcess>()
  readonly #rawArguments: readonly string[]
  readonly #logger: Logger
  readonly #stopping = new AbortController()
  readonly #lanes: Promise<void>[] = []
  #graceMs = 0
  #killed = 0

  constructor(rawArguments: readonly string[], logger: Logger) {
    this.#rawArguments = rawArguments
    this.#logger = logger
  }

  /** Starts the processes; resolves when all are ready. Rejects, and stops all, when one cannot start. */
  async start(count: number): Promise<StartInfo | undefined> {
    const numbers = Array.from({ length: count }, (_, index) => index + 1)
    try {
      const infos = await Promise.all(numbers.map((number) => this.#startLane(number)))
      this.#graceMs = infos[0]?.graceMs ?? 0
      return infos[0]
    } catch (error) {
      this.#stopping.abort()
      this.signal('SIGKILL')
      throw error
    }
  }

  /** Resolves when all processes have ended, with how many had to be killed. */
  async ended(): Promise<number> {
    await Promise.all(this.#lanes)
    return this.#killed
  }

  /** Passes the signal on, and kills what is still there after the grace period. */
  stop(): void {
    this.#stopping.abort()
    this.signal('SIGTERM')
    const overdue = () => {
      this.#killed = this.#processes.size
      for (const { pid } of this.#processes.values()) {
        this.#logger.error('a worker process did not stop within the grace period: killed', { process: pid })
      }
      this.signal('SIGKILL')
    }
    setTimeout(overdue, this.#graceMs + closingMs).unref()
  }

  signal(signal: NodeJS.Signals): void {
    for (const one of this.#processes.values()) one.kill(signal)
  }

  /** The first process of a lane has to start; its successors are tried again and again. */
  async #startLane(number: number): Promise<StartInfo | undefined> {
    const first = this.#spawn(number)
    const info = await Promise.race([first.ready, first.ended])
    const started = 'name' in info
    if (!started && info.error) throw rebuild(info.error)
    if (!started && !info.reason && !this.#stopping.signal.aborted) {
      throw new Error(`Worker process ${number} ended while it started: ${info.how}.`)
    }
    this.#lanes.push(this.#keep(number, first))
    return started ? info : undefined
  }

  async #keep(number: number, first: SupervisedProcess): Promise<void> {
    let backoffMs = 0
    for (let current = first; ; current = this.#spawn(number)) {
      const ending = await current.ended
      this.#processes.delete(number)
      if (this.#stopping.signal.aborted || ending.reason === 'burst') return
      backoffMs = this.#explain(number, current, ending, backoffMs)
      // Stopped while it waited: nothing to start any more.
      await sleep(backoffMs, undefined, { signal: this.#stopping.signal }).catch(() => {})
      if (this.#stopping.signal.aborted) return
    }
  }

  /** Says what happened and how long to wait before the next one: not at all after a planned end. */
  #explain(number: number, { pid }: SupervisedProcess, ending: Ending, backoffMs: number): number {
    const fields = { worker: number, process: pid }
    if (ending.clean && ending.reason) {
      this.#logger.info('a worker process is replaced', { ...fields, reason: ending.reason })
      return 0
    }
    const next = ending.livedMs >= healthyMs ? 0 : Math.min(longestBackoffMs, backoffMs * 2 || firstBackoffMs)
    const error = ending.error ? { error: ending.error.message } : {}
    const message = 'a worker process died and is replaced'
    this.#logger.error(message, { ...fields, how: ending.how, inMs: next, ...error })
    return next
  }

  #spawn(number: number): SupervisedProcess {
    const process = new SupervisedProcess(number, this.#rawArguments)
    this.#processes.set(number, process)
    void process.ready.then(() => {
      this.#logger.info('a worker process is ready', { worker: number, process: process.pid })
    })
    return process
  }
}
