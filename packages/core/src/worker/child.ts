// The main of a child process that runs isolated tasks, one at a time, for a worker.
import { Worker as Thread } from 'node:worker_threads'
import type { Logger } from '../contracts/logger.ts'
import { Reject, RetryRequest, reasonOf } from '../errors/control.ts'
import { describeError } from '../errors/task-errors.ts'
import { TqError } from '../errors/tq-error.ts'
import { type AppInternals, findApp } from '../runtime/app-brand.ts'
import { checkJson } from '../task/json.ts'
import { inlineHandler, withMiddleware } from './handler.ts'
import type { Control, FromChild, ToChild } from './isolate/messages.ts'
import { RunContext } from './run-context.ts'

const { modules, loader } = JSON.parse(process.env['TQ_CHILD'] ?? '{"modules":[]}') as {
  modules: readonly string[]
  loader?: string
}

/** A blocked loop cannot notice that the worker died: a thread does, and ends the whole process group. */
const watchParent = `setInterval(() => { if (process.ppid !== ${process.ppid}) process.kill(-process.pid, 'SIGKILL') }, 500)`

const tell = (message: FromChild): void => {
  process.send?.(message)
}

const logger: Logger = {
  debug: (message, fields) => tell({ type: 'log', level: 'debug', message, fields: { ...fields } }),
  info: (message, fields) => tell({ type: 'log', level: 'info', message, fields: { ...fields } }),
  warn: (message, fields) => tell({ type: 'log', level: 'warn', message, fields: { ...fields } }),
  error: (message, fields) => tell({ type: 'log', level: 'error', message, fields: { ...fields } }),
}

let current: RunContext | undefined

async function main(): Promise<void> {
  new Thread(watchParent, { eval: true }).unref()
  process.on('disconnect', () => process.exit(0))
  try {
    const apps = await loadApps()
    process.on('message', (message: ToChild) => {
      if (message.type === 'stop')
        current?.stop(Object.assign(new Error(message.error.message), message.error))
      else void run(apps, message)
    })
    tell({ type: 'ready' })
  } catch (error) {
    tell({ type: 'broken', error: describeError(error) })
    process.disconnect?.()
  }
}

async function loadApps(): Promise<readonly AppInternals[]> {
  const load = loader
    ? ((await import(loader)) as { load(url: string): Promise<Record<string, unknown>> }).load
    : (url: string) => import(url) as Promise<Record<string, unknown>>
  const apps = (await Promise.all(modules.map((url) => load(url)))).map(findApp)
  return apps.filter((app) => app !== undefined)
}

async function run(
  apps: readonly AppInternals[],
  { envelope, queue, input }: ToChild & { type: 'run' },
): Promise<void> {
  try {
    const app = apps.find(({ runtime }) => runtime.registry.get(envelope.task)?.run)
    const task = app?.runtime.registry.get(envelope.task)
    if (!app || !task)
      throw new TqError('TASK_NOT_IMPLEMENTED', `Task '${envelope.task}' is not in the task modules.`)
    const context = new ChildContext({ envelope, queue, task }, await app.startup(), {
      logger,
      connect: () => app.runtime.connect(),
    })
    current = context
    const handler = withMiddleware(app.runtime.settings.runMiddleware, inlineHandler)
    const value = await handler({ envelope, queue, task }, input, context)
    if (value !== undefined) checkJson(value, `result of task '${task.name}'`)
    tell({ type: 'done', value })
  } catch (error) {
    const control = controlOf(error)
    tell({ type: 'failed', error: describeError(reasonOf(error)), ...(control ? { control } : {}) })
  } finally {
    current = undefined
  }
}

/** Tells the worker of progress, and of what goes on to the next attempt, as it comes. */
class ChildContext extends RunContext {
  override progress(fraction: number, message?: string): void {
    tell({ type: 'progress', fraction, ...(message === undefined ? {} : { message }) })
  }

  override carry(headers: Readonly<Record<string, string>>): void {
    tell({ type: 'carry', headers })
  }
}

function controlOf(error: unknown): Control | undefined {
  if (error instanceof RetryRequest)
    return { kind: 'retry', delayMs: error.delayMs, countAttempt: error.countAttempt }
  if (error instanceof Reject) return { kind: 'reject' }
  if (error instanceof TqError && (error.code === 'INVALID_PAYLOAD' || error.code === 'VALIDATION_FAILED')) {
    return { kind: 'final', code: error.code }
  }
  return undefined
}

void main()
