import { TqError } from '../errors/tq-error.ts'
import { compose } from '../middleware/compose.ts'
import type { RunContext as MiddlewareContext, RunMiddleware } from '../middleware/types.ts'
import { currentRun } from '../task/current-run.ts'
import type { Handler, Runnable } from './attempt.ts'
import type { RunContext } from './run-context.ts'

/** Runs handlers in this process, each knowing the task it runs for. */
export const inlineHandler: Handler = (job, input, context) =>
  currentRun.run(context, callHandler, job, input, context)

function callHandler(job: Runnable, input: unknown, context: RunContext): unknown {
  const { run } = job.task
  if (!run) throw new TqError('TASK_NOT_IMPLEMENTED', `Task '${job.task.name}' has no handler here.`)
  return job.envelope.many ? runEach(run, input as readonly unknown[], context) : run(input, context as never)
}

async function runEach(
  run: NonNullable<Runnable['task']['run']>,
  inputs: readonly unknown[],
  context: RunContext,
): Promise<readonly unknown[]> {
  const values: unknown[] = []
  for (const input of inputs) values.push(await run(input, context as never))
  return values
}

/** The handler with the app's middleware around it; the handler itself where there is none. */
export function withMiddleware(layers: readonly RunMiddleware[], handler: Handler): Handler {
  if (layers.length === 0) return handler
  return (job, input, context) => {
    const whole = compose<MiddlewareContext, unknown>(layers, async () => handler(job, input, context))
    return whole({ task: job.task.name, input, context, carry: (headers) => context.carry(headers) })
  }
}
