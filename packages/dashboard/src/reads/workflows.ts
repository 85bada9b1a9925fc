import type { App, TaskDetails, TaskSummary } from '@tq/core'
import { BadRequest, NotFound } from '../http/problem.ts'
import type { Page } from '../wire/common.ts'
import type { WorkflowDetail, WorkflowRow } from '../wire/workflow.ts'
import { limitOf, type Read } from './read.ts'
import { toFilter } from './task-filter.ts'
import { buildGraph, describeOutline } from './workflow-graph.ts'

/** Tasks of one workflow that are looked at. */
const mostTasks = 1_000
const perPage = 500

/** Whole workflows, the latest first. */
export const workflows: Read = {
  everyMs: 3_000,
  async load({ app }, query): Promise<Page<WorkflowRow>> {
    const cursor = query.get('cursor')
    const page = { limit: limitOf(query, 50), ...(cursor ? { cursor } : {}) }
    const found = await app.history.list({ ...toFilter(query), name: 'workflow' }, page)
    // A task of that name has a queue.
    const roots = found.tasks.filter(({ queue }) => queue === '')
    const rows = roots.map(async (root) => toWorkflowRow(app, (await app.history.get(root.id)) ?? root))
    return { items: await Promise.all(rows), next: found.next ?? null }
  },
}

/** One workflow as a graph. */
export const workflow: Read = {
  everyMs: 1_500,
  async load({ app, hidePayloads }, query): Promise<WorkflowDetail> {
    const id = query.get('id')
    if (!id) throw new BadRequest('id is missing.')
    const root = await app.history.get(id)
    if (root?.queue !== '') throw new NotFound(`There is no workflow '${id}', or it is no longer kept.`)
    const { tasks, complete } = await tasksOf(app, root)
    const { graph, callbacks } = buildGraph(id, root.outline, tasks)
    return {
      ...(await toWorkflowRow(app, root)),
      graph,
      callbacks,
      complete,
      ...('result' in root && !hidePayloads ? { result: root.result } : {}),
    }
  },
}

async function toWorkflowRow(app: App<unknown>, root: TaskSummary | TaskDetails): Promise<WorkflowRow> {
  const { id, state, sentAt, endedAt, error } = root
  const progress = state === 'STARTED' ? await app.workflow(id).progress() : undefined
  const { outline } = root as TaskDetails
  return {
    id,
    shape: outline ? describeOutline(outline) : '',
    state,
    ...(sentAt ? { sentAt: sentAt.getTime() } : {}),
    ...(endedAt ? { endedAt: endedAt.getTime() } : {}),
    ...(error ? { error: { name: error.name, message: error.message } } : {}),
    done: progress?.done ?? 1,
    total: progress?.total ?? 1,
  }
}

/** The ids of its tasks begin with its own. */
async function tasksOf(
  app: App<unknown>,
  { id, sentAt }: TaskDetails,
): Promise<{ readonly tasks: readonly TaskSummary[]; readonly complete: boolean }> {
  const filter = { id, ...(sentAt ? { from: new Date(sentAt.getTime() - 1_000) } : {}) }
  const tasks: TaskSummary[] = []
  let cursor: string | undefined
  for (let round = 0; round < mostTasks / 50; round++) {
    const page = await app.history.list(filter, {
      order: 'earliest',
      limit: perPage,
      ...(cursor === undefined ? {} : { cursor }),
    })
    tasks.push(...page.tasks.filter((task) => task.id !== id))
    cursor = page.next
    if (cursor === undefined || tasks.length >= mostTasks) break
  }
  return { tasks, complete: cursor === undefined }
}
