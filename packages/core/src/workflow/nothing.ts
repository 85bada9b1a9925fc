import { randomUUID } from 'node:crypto'
import type { SignatureHost, WorkflowResult } from '../task/signature.ts'
import { createSignature } from './signature.ts'

/** Groups of nothing belong to no app, and need none: they have ended when they are sent. */
export const nowhere: SignatureHost = {
  sign: (plan) => createSignature(plan, nowhere),
  launch: async () => nothingToDo(randomUUID()),
}

function nothingToDo(id: string): WorkflowResult<readonly never[]> {
  return {
    id,
    status: async () => 'SUCCESS',
    ready: async () => true,
    successful: async () => true,
    info: async () => ({
      id,
      name: 'workflow',
      queue: '',
      state: 'SUCCESS',
      attempt: 0,
      generation: 0,
      result: [],
    }),
    get: async () => [],
    revoke: async () => false,
    forget: async () => {},
    progress: async () => ({ done: 0, total: 0 }),
    completed: async function* () {},
  }
}
