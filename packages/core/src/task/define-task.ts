import { checkTaskName } from '../options/names.ts'
import type { Schema } from './schema.ts'
import type { NoInput, TaskSettings } from './task-options.ts'

/** A task's name and types without its handler: what separate services share. Imports neither handler nor broker. */
export interface TaskContract<S extends Schema, O> {
  readonly name: string
  readonly input: S | undefined
  readonly output: Schema<unknown, O> | undefined
  readonly settings: TaskSettings
}

/** What {@link defineTask} takes. */
export interface ContractOptions<S extends Schema, O> extends TaskSettings {
  readonly name: string
  readonly input?: S
  readonly output?: Schema<unknown, O>
}

/**
 * A contract: `app.implement(contract, run)` in the worker service, `app.send(contract, input)` in the producer.
 *
 * @example export const resize = defineTask({ name: 'image.resize', input: type<{ url: string }>(), queue: 'images' })
 */
export function defineTask<S extends Schema = NoInput, O = unknown>(
  options: ContractOptions<S, O>,
): TaskContract<S, O> {
  const { name, input, output, ...settings } = options
  return Object.freeze({ name: checkTaskName(name), input, output, settings })
}
