import type { TaskFilter, TaskState } from '@tq/core'
import { usageError } from '../output/command-error.ts'
import { queueName } from './checks.ts'
import type { Flags, Values } from './flag.ts'

/** Many tasks at once: those to which all that is given applies. */
export const filterFlags = {
  task: {
    type: 'string',
    description: 'In place of an id: all tasks of this name; * for any text',
    valueHint: 'name',
    env: 'TQ_FILTER_TASK',
    eachTime: true,
  },
  state: {
    type: 'string',
    description: 'All in this state: pending, started, retry',
    valueHint: 'state',
    env: 'TQ_FILTER_STATE',
    eachTime: true,
  },
  queue: {
    type: 'string',
    description: 'All of this queue',
    valueHint: 'name',
    check: queueName,
    env: 'TQ_FILTER_QUEUE',
    eachTime: true,
  },
  tag: {
    type: 'string',
    description: 'All with this tag',
    valueHint: 'text',
    env: 'TQ_FILTER_TAG',
    eachTime: true,
  },
} as const satisfies Flags

const states: ReadonlySet<string> = new Set<TaskState>([
  'PENDING',
  'STARTED',
  'RETRY',
  'SUCCESS',
  'FAILURE',
  'REVOKED',
])

type FilterValues = Partial<Values<typeof filterFlags>>

/** Undefined where an id was given. @throws CommandError when neither was, or both */
export function filterOf(
  { task, state, queue, tag }: FilterValues,
  id: string | undefined,
  command: string,
): TaskFilter | undefined {
  const wanted = state?.toUpperCase()
  if (wanted !== undefined && !states.has(wanted))
    throw usageError(`${command}: there is no state '${state}'.`)
  const filter: TaskFilter = {
    ...(task === undefined ? {} : { name: task }),
    ...(wanted === undefined ? {} : { state: wanted as TaskState }),
    ...(queue === undefined ? {} : { queue }),
    ...(tag === undefined ? {} : { tag }),
  }
  const given = Object.keys(filter).length > 0
  if (given === (id !== undefined))
    throw usageError(`${command}: give the id of a task, or say which: --task, --queue, --tag, --state.`)
  return given ? filter : undefined
}
