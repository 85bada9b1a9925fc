import type { StateStore } from '../contracts/backend.ts'
import { LeaseLost } from '../errors/task-errors.ts'
import { TqError } from '../errors/tq-error.ts'
import { lateCopiesMs } from '../runtime/late-copies.ts'
import { checkJson } from '../task/json.ts'

/** What is kept of one step of one task. */
type Step = { readonly begun: string } | { readonly done: unknown }

export interface OnceOptions {
  /** @see TaskContext.once */
  readonly ifUnsure?: 'run' | 'fail'
}

/**
 * One step of a task that is not to be repeated by its later runs.
 *
 * @param runId Of the run that asks.
 */
export async function once<Value>(
  state: StateStore,
  taskId: string,
  runId: string,
  name: string,
  step: () => Value | Promise<Value>,
  { ifUnsure = 'run' }: OnceOptions,
): Promise<Value> {
  const key = `once:${taskId}:${name}`
  const version = await begin(state, key, runId, () => {
    if (ifUnsure === 'run') return
    throw new TqError(
      'ONCE_UNSURE',
      `ctx.once('${name}') was begun by a run that did not tell its end: it may or may not have happened.`,
      { details: { taskId, name } },
    )
  })
  if (typeof version === 'object') return version.done as Value
  let value: Value
  try {
    value = await step()
    if (value !== undefined) checkJson(value, `value of ctx.once('${name}')`)
  } catch (error) {
    await state.delete(key, { ifVersion: version })
    throw error
  }
  const kept = await state.put(key, JSON.stringify({ done: value }), {
    ttlMs: lateCopiesMs,
    ifVersion: version,
  })
  // Another run has begun it since: this one has lost the task.
  if (kept === 'conflict') throw new LeaseLost()
  return value
}

/** The version under which it is ours to do, or what it gave. */
async function begin(
  state: StateStore,
  key: string,
  runId: string,
  onUnsure: () => void,
): Promise<number | { readonly done: unknown }> {
  const begun = JSON.stringify({ begun: runId } satisfies Step)
  for (;;) {
    const taken = await state.put(key, begun, { ttlMs: lateCopiesMs, ifAbsent: true })
    if (taken !== 'conflict') return taken.version
    const [known] = await state.get([key])
    if (!known) continue
    const step = JSON.parse(known.value) as Step
    if (!('begun' in step)) return { done: 'done' in step ? step.done : undefined }
    onUnsure()
    const seized = await state.put(key, begun, { ttlMs: lateCopiesMs, ifVersion: known.version })
    if (seized !== 'conflict') return seized.version
  }
}
