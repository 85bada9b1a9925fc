import type { JSX } from 'preact'
import type { TaskState } from '../../../src/wire/task.ts'
import { Drawing } from './drawing.tsx'

export const stateNames: Readonly<Record<TaskState, string>> = {
  PENDING: 'Pending',
  STARTED: 'Running',
  RETRY: 'Retrying',
  SUCCESS: 'Succeeded',
  FAILURE: 'Failed',
  REVOKED: 'Revoked',
}

export const states = Object.keys(stateNames) as readonly TaskState[]

const ends: ReadonlySet<TaskState> = new Set<TaskState>(['SUCCESS', 'FAILURE', 'REVOKED'])

/** Whether nothing more comes of it, unless it is run again. */
export function hasEnded(state: TaskState): boolean {
  return ends.has(state)
}

/** Told apart by shape too, not only by colour. */
const marks: Readonly<Record<TaskState, JSX.Element>> = {
  PENDING: <circle cx="6" cy="6" r="3.6" />,
  STARTED: <path d="M4 2.6L9.4 6 4 9.4z" class="filled" />,
  RETRY: <path d="M9.6 6a3.6 3.6 0 1 1-1.2-2.7M9.6 1.6v2h-2" />,
  SUCCESS: <path d="M2.4 6.4l2.4 2.4 4.8-5.4" />,
  FAILURE: <path d="M3 3l6 6m0-6L3 9" />,
  REVOKED: <path d="M6 2.4a3.6 3.6 0 1 1 0 7.2 3.6 3.6 0 0 1 0-7.2zM3.5 8.5l5-5" />,
}

export function StateMark({ state }: { readonly state: TaskState }) {
  return (
    <Drawing look={`mark state-${state}`} size={12} box={12} pen={1.7}>
      {marks[state]}
    </Drawing>
  )
}

export function StateBadge({ state }: { readonly state: TaskState }) {
  return (
    <span class={`badge state-${state}`}>
      <StateMark state={state} />
      {stateNames[state]}
    </span>
  )
}
