import { TqError } from '../errors/tq-error.ts'
import type { TaskDefinition } from './task.ts'

/** The tasks of one app, by name. A Map, so that no name can reach an inherited property. */
export class TaskRegistry {
  readonly #tasks = new Map<string, TaskDefinition>()

  /** @throws TqError `DUPLICATE_TASK` when a task of that name already has a handler. */
  add(task: TaskDefinition): void {
    const known = this.#tasks.get(task.name)
    if (known?.run && task.run) {
      throw new TqError(
        'DUPLICATE_TASK',
        `Two tasks are called '${task.name}'. Names are what messages carry: give one of them another name.`,
      )
    }
    if (!known?.run) this.#tasks.set(task.name, task)
  }

  get(name: string): TaskDefinition | undefined {
    return this.#tasks.get(name)
  }

  names(): readonly string[] {
    return [...this.#tasks.keys()].sort()
  }

  all(): readonly TaskDefinition[] {
    return [...this.#tasks.values()]
  }
}
