import { TqError } from '../errors/tq-error.ts'
import type { Plan, PlannedSignature, SignatureHost } from './signature.ts'
import type { Task, TaskDefinition } from './task.ts'

/** The methods of a task that make it a part of workflows. */
export function signaturesOf<Input, Result>(
  task: TaskDefinition,
  host: SignatureHost,
): Pick<Task<Input, Result>, 's' | 'si' | 'map' | 'chunks'> {
  type TaskPlan = Extract<Plan, { kind: 'task' }>
  const sign = (input: unknown, takes: TaskPlan['takes'], many = false) =>
    host.sign({ kind: 'task', task, input, takes, many })
  const groupOf = (children: readonly PlannedSignature[]) =>
    host.sign({ kind: 'group', children, failures: 'fail' })
  const methods = {
    s: (input?: unknown, options?: { readonly from: string }) => {
      if (options) return sign(input, { field: options.from })
      return sign(input, input === undefined && task.input !== undefined ? 'previous' : 'nothing')
    },
    si: (input?: unknown) => sign(input, 'ignored'),
    map: (inputs?: readonly unknown[]) =>
      inputs === undefined
        ? host.sign({ kind: 'map', task })
        : groupOf(inputs.map((input) => sign(input, 'nothing'))),
    chunks: (inputs: readonly unknown[], size: number) =>
      groupOf(inChunks(inputs, size).map((part) => sign(part, 'nothing', true))),
  }
  // What a signature takes and gives is only the compiler's to know.
  return methods as unknown as Pick<Task<Input, Result>, 's' | 'si' | 'map' | 'chunks'>
}

function inChunks<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  if (!Number.isSafeInteger(size) || size < 1)
    throw new TqError('INVALID_OPTION', `chunks: size ${String(size)} is not a whole number of at least 1.`)
  return Array.from({ length: Math.ceil(items.length / size) }, (_, n) =>
    items.slice(n * size, (n + 1) * size),
  )
}
