import { TqError } from '../errors/tq-error.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { checkJson } from '../task/json.ts'
import { parseWith } from '../task/schema.ts'
import type { TaskDefinition } from '../task/task.ts'
import { newId } from '../util/ids.ts'
import { inlineHandler } from '../worker/handler.ts'
import { RunContext } from '../worker/run-context.ts'

/** Runs a task in the caller's own process, validated at both ends as a worker would, without queue, limits or retries. */
export async function runHere(
  runtime: Runtime,
  state: unknown,
  task: TaskDefinition,
  input: unknown,
): Promise<unknown> {
  if (!task.run) {
    throw new TqError(
      'TASK_NOT_IMPLEMENTED',
      `Task '${task.name}' has no handler in this process: send it with .delay().`,
    )
  }
  if (input !== undefined) checkJson(input, `input of task '${task.name}'`)
  const parsed: unknown = task.input
    ? await parseWith(task.input, input, `input of task '${task.name}'`)
    : undefined
  const envelope = {
    v: 1,
    id: newId(runtime.clock),
    task: task.name,
    attempt: 0,
    generation: 0,
    sentAt: runtime.clock.now(),
  } as const
  const job = { envelope, task, queue: task.policy.queue ?? runtime.settings.queue }
  const context = new RunContext(job, state, runtime)
  const value = await inlineHandler(job, parsed, context)
  if (value !== undefined) checkJson(value, `result of task '${task.name}'`)
  return value
}
