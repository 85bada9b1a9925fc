import { type ChildProcess, fork } from 'node:child_process'
import type { Logger } from '../../contracts/logger.ts'
import { Reject, RetryRequest } from '../../errors/control.ts'
import {
  describeError,
  TaskCrashed,
  type TaskErrorInfo,
  TimeLimitExceeded,
} from '../../errors/task-errors.ts'
import { TqError } from '../../errors/tq-error.ts'
import type { Handler, Runnable } from '../attempt.ts'
import type { RunContext } from '../run-context.ts'
import type { Control, FromChild, ToChild } from './messages.ts'

/** How long a task waits when its child process cannot even load the task module. */
const brokenRetryMs = 5_000

class Child {
  readonly process: ChildProcess
  /** Rejects when it cannot load the task modules. */
  readonly ready: Promise<void>
  /** Takes the messages of the run that has the child now; at first, of its start. */
  onMessage: (message: FromChild) => void = () => {}
  onExit: (how: string) => void = () => {}

  constructor(forked: ChildProcess) {
    this.process = forked
    this.ready = new Promise<void>((resolve, reject) => {
      this.onMessage = (message) => {
        if (message.type === 'ready') resolve()
        else if (message.type === 'broken') reject(new Error(message.error.message))
      }
      this.onExit = (how) => reject(new Error(`it died while starting: ${how}`))
    })
    // Whoever runs a task here hears of it; nobody else has to.
    this.ready.catch(() => {})
  }
}

/**
 * Child processes that import the same task modules and run one task at a time, each the leader of its own process
 * group: a thread cannot be killed in native code, a process group can, with all it has started.
 */
export class ProcessPool {
  readonly #modules: readonly string[]
  readonly #loader: string | undefined
  readonly #logger: Logger
  readonly #idle: Child[] = []
  readonly #all = new Set<Child>()

  /** @param loader A module whose `load(url)` imports task files that Node cannot import by itself. */
  constructor(modules: readonly string[], loader: string | undefined, logger: Logger) {
    this.#modules = modules
    this.#loader = loader
    this.#logger = logger
  }

  get usable(): boolean {
    return this.#modules.length > 0
  }

  /** A child that is ready for one task. What it rejects with is what the handler threw, or `TaskCrashed`. */
  async take(): Promise<Handler> {
    const child = this.#idle.pop() ?? this.#spawn()
    try {
      await child.ready
    } catch (error) {
      this.#logger.error('a child process cannot load the tasks', { reason: (error as Error).message })
      throw new RetryRequest(brokenRetryMs, false, error)
    }
    return (job, input, context) => this.#run(child, job, input, context)
  }

  close(): void {
    for (const child of this.#all) {
      child.onExit = () => {}
      kill(child)
    }
    this.#all.clear()
    this.#idle.length = 0
  }

  #spawn(): Child {
    const forked = fork(childFile(), [], {
      detached: true,
      env: {
        ...process.env,
        TQ_CHILD: JSON.stringify({ modules: this.#modules, loader: this.#loader }),
      },
    })
    const child = new Child(forked)
    this.#all.add(child)
    forked.on('message', (message: FromChild) => child.onMessage(message))
    forked.on('error', (error) => this.#gone(child, error.message))
    forked.on('exit', (code, signal) => this.#gone(child, signal ? `signal ${signal}` : `exit code ${code}`))
    // The worker decides when it ends, not its children.
    forked.unref()
    forked.channel?.unref?.()
    return child
  }

  #gone(child: Child, how: string): void {
    if (!this.#all.delete(child)) return
    const index = this.#idle.indexOf(child)
    if (index >= 0) this.#idle.splice(index, 1)
    child.onExit(how)
  }

  async #run(child: Child, job: Runnable, input: unknown, context: RunContext): Promise<unknown> {
    const stop = () => this.#stop(child, context)
    context.terminate = () => kill(child)
    context.signal.addEventListener('abort', stop, { once: true })
    try {
      if (context.signal.aborted) stop()
      return await this.#converse(child, job, input, context)
    } finally {
      context.terminate = undefined
      context.signal.removeEventListener('abort', stop)
      if (this.#all.has(child)) this.#idle.push(child)
    }
  }

  #converse(child: Child, job: Runnable, input: unknown, context: RunContext): Promise<unknown> {
    return new Promise((resolve, reject) => {
      child.onExit = (how) => reject(new TaskCrashed(how))
      child.onMessage = (message) => {
        if (message.type === 'done') resolve(message.value)
        else if (message.type === 'failed') reject(rebuild(message.error, message.control))
        else if (message.type === 'progress') context.progress(message.fraction, message.message)
        else if (message.type === 'carry') context.carry(message.headers)
        else if (message.type === 'log') {
          // Which task it is our own log says.
          const { task: _t, id: _i, attempt: _a, ...fields } = message.fields
          context.log[message.level](message.message, fields)
        }
      }
      send(child, { type: 'run', envelope: job.envelope, queue: job.queue, input }, (error) =>
        reject(new TaskCrashed(error.message)),
      )
    })
  }

  #stop(child: Child, context: RunContext): void {
    const reason: unknown = context.signal.reason
    if (reason instanceof TimeLimitExceeded) kill(child)
    else send(child, { type: 'stop', error: describeError(reason) }, () => {})
  }
}

function send(child: Child, message: ToChild, failed: (error: Error) => void): void {
  child.process.send(message, (error) => {
    if (error) failed(error)
  })
}

/** The whole group: what the task started goes with it. */
function kill(child: Child): void {
  const { pid } = child.process
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    child.process.kill('SIGKILL')
  }
}

/** An error for policies to judge: text from another process never becomes another class than ours. */
function rebuild(info: TaskErrorInfo, control: Control | undefined): Error {
  const error =
    control?.kind === 'reject'
      ? new Reject(info.message)
      : control?.kind === 'final'
        ? new TqError(control.code, info.message)
        : Object.assign(new Error(info.message), {
            name: info.name,
            ...(info.code === undefined ? {} : { code: info.code }),
          })
  if (info.stack !== undefined) error.stack = info.stack
  return control?.kind === 'retry' ? new RetryRequest(control.delayMs, control.countAttempt, error) : error
}

/** Beside this folder in the sources; in a folder of the built package, whose chunks lie at its root. */
function childFile(): URL {
  const here = import.meta.url
  return new URL(here.endsWith('.ts') ? '../child.ts' : './worker/child.js', here)
}
