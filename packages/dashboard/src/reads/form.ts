import { appBrand, type Schema } from '@tq/core'
import { BadRequest } from '../http/problem.ts'
import type { TaskForm } from '../wire/task.ts'
import type { Read } from './read.ts'

/** The part of Standard JSON Schema that is used; not every schema has it. */
interface DescribesItself {
  readonly jsonSchema?: { input(options: { readonly target: string }): Record<string, unknown> }
}

/** Longer ones are not sent to a page: it is typed as JSON then. */
const longestSchema = 100_000

/** How a task can be sent by hand: its queue, and a form where its schema describes itself. */
export const form: Read = {
  everyMs: undefined,
  async load({ app }, query): Promise<TaskForm> {
    const name = query.get('task')
    if (!name) throw new BadRequest('task is missing.')
    const { registry } = app[appBrand].runtime
    const definition = registry.get(name)
    if (definition) {
      const { input, policy } = definition
      return {
        name,
        queue: policy.queue ?? null,
        checked: input !== undefined,
        schema: input ? describe(input) : null,
      }
    }
    return { name, queue: await lastQueueOf(app, name), checked: false, schema: null }
  },
}

/** Undefined for a schema without a description, or with parts that JSON Schema has no words for. */
function describe(input: Schema): Readonly<Record<string, unknown>> | null {
  try {
    const schema = (input['~standard'] as DescribesItself).jsonSchema?.input({ target: 'draft-2020-12' })
    return schema && JSON.stringify(schema).length <= longestSchema ? schema : null
  } catch {
    return null
  }
}

/** Of a task that only workers know: where it was sent last. */
async function lastQueueOf(app: Parameters<Read['load']>[0]['app'], name: string): Promise<string | null> {
  try {
    const { tasks } = await app.history.list({ name }, { limit: 1 })
    return tasks[0]?.queue ?? null
  } catch {
    // A backend that cannot list: the queue is typed.
    return null
  }
}
