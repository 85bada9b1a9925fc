import { EventEmitter } from 'node:events'
import type { Millis } from '../contracts/time.ts'
import type { TaskErrorInfo } from '../errors/task-errors.ts'

/** What every task event tells. */
export interface TaskEvent {
  readonly id: string
  readonly name: string
  readonly queue: string
  readonly attempt: number
}

/** What an app tells of its own tasks, in the process where it happens. For all processes, ask the backend. */
export interface TaskEvents {
  /** The broker has accepted it. */
  readonly sent: TaskEvent
  readonly started: TaskEvent
  readonly succeeded: TaskEvent & { readonly runtimeMs: Millis }
  /** A run failed and another one will follow. */
  readonly retried: TaskEvent & {
    readonly error: TaskErrorInfo
    readonly delayMs: Millis
    readonly runtimeMs: Millis
  }
  /** It ended in FAILURE. */
  readonly failed: TaskEvent & {
    readonly error: TaskErrorInfo
    readonly reason: string
    readonly runtimeMs: Millis
  }
  readonly revoked: TaskEvent & { readonly reason: string }
  /** The worker no longer owns it; another one may run it. */
  readonly lost: TaskEvent
}

type EventMap = { [Name in keyof TaskEvents]: [TaskEvents[Name]] }

/** Tells events to whoever listens; costs nothing where nobody does. A listener that throws harms no task. */
export class TaskEventHub {
  readonly #emitter = new EventEmitter<EventMap>()
  readonly #onListenerError: (error: unknown) => void

  constructor(onListenerError: (error: unknown) => void) {
    this.#onListenerError = onListenerError
    this.#emitter.setMaxListeners(0)
  }

  on<Name extends keyof TaskEvents>(name: Name, listener: (event: TaskEvents[Name]) => void): () => void {
    const guarded = (event: TaskEvents[Name]) => {
      try {
        listener(event)
      } catch (error) {
        this.#onListenerError(error)
      }
    }
    const emitter = this.#emitter as EventEmitter
    emitter.on(name, guarded)
    return () => emitter.off(name, guarded)
  }

  heard(name: keyof TaskEvents): boolean {
    return this.#emitter.listenerCount(name) > 0
  }

  /** `describe` is only called when somebody listens. */
  emit<Name extends keyof TaskEvents>(name: Name, describe: () => TaskEvents[Name]): void {
    if (this.heard(name)) (this.#emitter as EventEmitter).emit(name, describe())
  }
}
