import { TqError } from '../errors/tq-error.ts'
import { type Duration, parseDuration } from '../options/duration.ts'
import type { Command, Verb } from '../runtime/mailbox.ts'
import type { WorkerTask } from '../runtime/worker-list.ts'
import { parseQueue, type WeightedQueue } from './worker-options.ts'

/** What a worker does when it is told. */
export interface Controls {
  active(): readonly WorkerTask[]
  reserved(): readonly WorkerTask[]
  conf(): Readonly<Record<string, unknown>>
  resize(concurrency: number): void
  addQueue(queue: WeightedQueue): Promise<boolean>
  removeQueue(name: string): boolean
  shutdown(graceMs: number | undefined): void
  /** Whether it knows the task, and its definition has a rate limit, which another one can take the place of. */
  hasRate(task: string): boolean
}

type Obey = (controls: Controls, command: Command) => unknown

const text = (command: Command, name: string): string => {
  const value = command.with[name]
  if (typeof value === 'string') return value
  throw new TqError('INVALID_OPTION', `'${name}' is not a text.`)
}

const verbs: Readonly<Record<Verb, Obey>> = {
  ping: () => 'pong',
  // Looking was done before anything is answered.
  look: () => undefined,
  active: (controls) => controls.active(),
  reserved: (controls) => controls.reserved(),
  conf: (controls) => controls.conf(),
  concurrency: (controls, command) => controls.resize(Number(command.with['concurrency'])),
  'add-consumer': async (controls, command) => {
    const queue = parseQueue(text(command, 'queue'))
    if (!(await controls.addQueue(queue))) throw refused(`takes tasks from '${queue.name}' already`)
  },
  'cancel-consumer': (controls, command) => {
    const queue = text(command, 'queue')
    if (!controls.removeQueue(queue)) throw refused(`takes no tasks from '${queue}'`)
  },
  'rate-limit': (controls, command) => {
    // The new rate itself is in the store, and was read before this.
    const task = text(command, 'task')
    if (!controls.hasRate(task)) {
      throw refused(
        `knows no task '${task}' with a rateLimit in its definition. The rate is kept, and takes effect on workers whose definition has one: give '${task}' a rateLimit there, or take the rate back (tq control rate-limit ${task})`,
      )
    }
  },
  shutdown: (controls, { with: { grace } }) =>
    controls.shutdown(grace === undefined ? undefined : parseDuration(grace as Duration, 'shutdown: grace')),
}

/** Does what a command says; what it throws goes back to whoever asked. */
export async function obey(controls: Controls, command: Command): Promise<unknown> {
  // A newer version's word is not known here.
  if (!Object.hasOwn(verbs, command.verb)) throw refused(`does not know '${command.verb}'`)
  return await verbs[command.verb](controls, command)
}

function refused(what: string): TqError {
  return new TqError('INVALID_OPTION', `this worker ${what}`)
}
