import { createHash, randomUUID } from 'node:crypto'
import type { Logger } from '../contracts/logger.ts'
import { RetryRequest } from '../errors/control.ts'
import { type Duration, parseOptionalDuration } from '../options/duration.ts'
import type { LogLine, LogLines } from '../runtime/log-lines.ts'
import { needBackend, type Runtime } from '../runtime/runtime.ts'
import type { TaskContext } from '../task/context.ts'
import type { Job } from './job.ts'
import { type OnceOptions, once } from './once.ts'

const noHeaders: Readonly<Record<string, string>> = Object.freeze({})

/** What a handler says of its progress. */
export interface Progress {
  readonly fraction: number
  readonly message?: string
}

/** What a run may ask for. */
export interface RunServices extends Pick<Runtime, 'logger' | 'connect'> {
  /** Where the lines of its log are kept, if they are. */
  readonly newLines?: () => LogLines
}

/** The context of one run. What few handlers use is made when it is asked for. */
export class RunContext implements TaskContext<unknown> {
  readonly id: string
  readonly name: string
  readonly queue: string
  readonly attempt: number
  readonly maxRetries: number
  readonly state: unknown
  readonly headers: Readonly<Record<string, string>>
  readonly parentId: string | undefined
  readonly workflowId: string | undefined
  /** The last progress, and whether it is not written yet. */
  lastProgress: Progress | undefined
  progressDirty = false
  /** What was written to its log, where that is kept; undefined until something is. */
  lines: LogLines | undefined
  /** Headers for the next attempt. */
  carried: Readonly<Record<string, string>> | undefined
  /** The handler of a run that a limit may end, or has ended: it may go on after that. */
  running: Promise<unknown> | undefined
  /** Kills the process of an isolated run. */
  terminate: (() => void) | undefined
  readonly #services: RunServices
  /** Of `once`, by name. */
  #steps: Map<string, Promise<unknown>> | undefined
  #controller: AbortController | undefined
  #stopReason: Error | undefined
  #log: Logger | undefined

  constructor(job: Pick<Job, 'envelope' | 'queue' | 'task'>, state: unknown, services: RunServices) {
    const { envelope, task } = job
    this.id = envelope.id
    this.name = envelope.task
    this.queue = job.queue
    this.attempt = envelope.attempt
    this.maxRetries = envelope.maxRetries ?? task.policy.retry.maxRetries
    this.state = state
    this.headers = envelope.headers ?? noHeaders
    this.parentId = envelope.parent
    this.workflowId = envelope.flow?.root
    this.#services = services
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#stopReason && !this.#controller.signal.aborted) this.#controller.abort(this.#stopReason)
    return this.#controller.signal
  }

  get log(): Logger {
    this.#log ??= bindLogger(
      this.#services.logger,
      { task: this.name, id: this.id, attempt: this.attempt },
      (level, message, fields) => this.#keep(level, message, fields),
    )
    return this.#log
  }

  /** Why the run has to stop, once it has to. */
  get stopReason(): Error | undefined {
    return this.#stopReason
  }

  /** Aborts the signal. The first reason stays. */
  stop(reason: Error): void {
    this.#stopReason ??= reason
    this.#controller?.abort(this.#stopReason)
  }

  progress(fraction: number, message?: string): void {
    const bounded = Math.min(1, Math.max(0, Number(fraction) || 0))
    this.lastProgress =
      message === undefined ? { fraction: bounded } : { fraction: bounded, message: String(message) }
    this.progressDirty = true
  }

  carry(headers: Readonly<Record<string, string>>): void {
    this.carried = { ...this.carried, ...headers }
  }

  retry(
    options: { readonly delay?: Duration; readonly countAttempt?: boolean; readonly cause?: unknown } = {},
  ): never {
    const delayMs = parseOptionalDuration(options.delay, 'ctx.retry: delay')
    throw new RetryRequest(delayMs, options.countAttempt ?? true, options.cause)
  }

  #keep(level: LogLine['level'], message: string, fields?: Readonly<Record<string, unknown>>): void {
    this.lines ??= this.#services.newLines?.()
    this.lines?.add(level, message, fields)
  }

  once<Value>(name: string, step: () => Value | Promise<Value>, options: OnceOptions = {}): Promise<Value> {
    // Asked for twice in one run, it is one step.
    this.#steps ??= new Map()
    const steps = this.#steps
    const known = steps.get(name) as Promise<Value> | undefined
    if (known !== undefined) return known
    const running = this.#once(name, step, options)
    steps.set(name, running)
    running.catch(() => steps.delete(name))
    return running
  }

  async #once<Value>(name: string, step: () => Value | Promise<Value>, options: OnceOptions): Promise<Value> {
    const { state } = needBackend(await this.#services.connect(), 'ctx.once')
    return once(state, this.id, randomUUID(), name, step, options)
  }

  idempotencyKey(name: string): string {
    return createHash('sha256').update(`${this.id}\n${name}`).digest('hex')
  }
}

function bindLogger(
  logger: Logger,
  bound: Readonly<Record<string, unknown>>,
  keep: (level: LogLine['level'], message: string, fields?: Readonly<Record<string, unknown>>) => void,
): Logger {
  const at =
    (level: LogLine['level']): Logger['info'] =>
    (message, fields) => {
      keep(level, message, fields)
      logger[level](message, { ...bound, ...fields })
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
