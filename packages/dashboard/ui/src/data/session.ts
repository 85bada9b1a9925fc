import { signal } from '@preact/signals'
import type { Problem, Role, Session } from '../../../src/wire/common.ts'
import { get, toProblem } from './api.ts'

export const session = signal<Session | undefined>(undefined)
export const sessionProblem = signal<Problem | undefined>(undefined)

const ranks: Readonly<Record<Role, number>> = { view: 0, operate: 1, admin: 2 }
const againMs = 3_000

/** Whether the user may do what needs this role. The server decides; this hides what it would refuse. */
export function may(role: Role): boolean {
  return session.value !== undefined && ranks[session.value.role] >= ranks[role]
}

/** Again and again until the broker is known, too. */
export async function loadSession(): Promise<void> {
  try {
    session.value = await get<Session>('session')
    sessionProblem.value = undefined
    if (session.value.broker !== '') return
  } catch (error) {
    sessionProblem.value = toProblem(error)
  }
  setTimeout(() => void loadSession(), againMs)
}
