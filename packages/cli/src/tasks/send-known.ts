import type { App, AsyncResult, SendOptions } from '@tq/core'
import { CommandError } from '../output/command-error.ts'
import { suggest } from '../output/suggest.ts'
import type { FoundApp } from './found-app.ts'

/** Sends a task of the loaded files, with its own queue and settings, its input checked. */
export async function sendKnown(
  app: App<unknown>,
  name: string,
  input: unknown,
  options: SendOptions,
): Promise<AsyncResult<unknown>> {
  const found = app as FoundApp
  const { registry } = found.runtime
  const task = registry.get(name)
  if (task) return await found.send<unknown>(task, input, options)
  const names = registry.names()
  throw new CommandError(
    'UNKNOWN_TASK',
    `The task files define no task '${name}'.${suggest(name, names)} They define: ${names.join(', ')}.`,
  )
}
