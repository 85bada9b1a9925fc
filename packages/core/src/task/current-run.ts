import { AsyncLocalStorage } from 'node:async_hooks'

/** The task a piece of code runs for, through any number of awaits. */
export interface CurrentRun {
  readonly id: string
  readonly name: string
  readonly headers: Readonly<Record<string, string>>
}

/** Lets tasks that are sent from within a task know their parent, and inherit its trace. */
export const currentRun = new AsyncLocalStorage<CurrentRun>()
