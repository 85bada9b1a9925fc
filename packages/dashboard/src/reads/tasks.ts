import type { TaskDetails, TaskLogLine, TaskSummary } from '@tq/core'
import { BadRequest, NotFound } from '../http/problem.ts'
import type { Page } from '../wire/common.ts'
import type { Census, LogLine, TaskDetail, TaskRow } from '../wire/task.ts'
import { limitOf, type Read } from './read.ts'
import { reasonsOf } from './reasons.ts'
import { toFilter } from './task-filter.ts'

/** A page of the tasks that match. */
export const tasks: Read = {
  everyMs: 2_000,
  async load({ app, hidePayloads }, query): Promise<Page<TaskRow>> {
    const cursor = query.get('cursor')
    const page = { limit: limitOf(query, 50), ...(cursor ? { cursor } : {}) }
    const order = query.get('order') === 'earliest' ? ({ order: 'earliest' } as const) : {}
    const found = await app.history.list(toFilter(query), { ...page, ...order })
    return { items: found.tasks.map((task) => toRow(task, hidePayloads)), next: found.next ?? null }
  },
}

/** How many match, by state; null where that cannot be counted without looking at each. */
export const census: Read = {
  everyMs: 4_000,
  async load({ app }, query): Promise<Census | null> {
    const { name, queue, id, from, to, ...rest } = toFilter(query)
    const { state: _, ...others } = rest
    if (name?.includes('*') || Object.keys(others).length > 0) return null
    const filter = { name, queue, id, from, to }
    const given = Object.entries(filter).filter(([, value]) => value !== undefined)
    return await app.history.counts(Object.fromEntries(given))
  },
}

/** All that is known of one task, and why it does not run. */
export const task: Read = {
  everyMs: 1_000,
  async load(context, query): Promise<TaskDetail> {
    const id = query.get('id')
    if (!id) throw new BadRequest('id is missing.')
    const details = await context.app.history.get(id)
    if (!details) {
      throw new NotFound(
        `Nothing is known of task '${id}': it was never sent to this backend, was forgotten, or its time to be kept is over.`,
      )
    }
    return toDetail(details, await reasonsOf(context, details), context.hidePayloads)
  },
}

/** @param hidden leave out what the application put in */
function toRow(task: TaskSummary, hidden: boolean): TaskRow {
  const { updatedAt, sentAt, dueAt, startedAt, endedAt, args, ...rest } = task
  return {
    ...rest,
    updatedAt: updatedAt.getTime(),
    ...times({ sentAt, dueAt, startedAt, endedAt }),
    ...(args === undefined || hidden ? {} : { args }),
  }
}

function toDetail(details: TaskDetails, reasons: TaskDetail['reasons'], hidden: boolean): TaskDetail {
  const { error, attempts, timeline, logs, logsDropped, result, ...summary } = details
  const hasResult = 'result' in details && result !== undefined
  return {
    ...toRow(summary, hidden),
    ...(error ? { error } : {}),
    hasResult,
    ...(hasResult && !hidden ? { result } : {}),
    attempts: attempts.map((one) => ({
      attempt: one.attempt,
      ...times({ startedAt: one.startedAt }),
      endedAt: one.endedAt.getTime(),
      worker: one.worker,
      error: one.error,
      logs: one.logs.map((line) => toLine(line, hidden)),
    })),
    timeline: timeline.map(({ at, ...rest }) => ({ ...rest, at: at.getTime() })),
    logs: logs.map((line) => toLine(line, hidden)),
    logsDropped,
    reasons,
  }
}

function toLine({ at, level, text, fields }: TaskLogLine, hidden: boolean): LogLine {
  return { at: at.getTime(), level, text, ...(fields === undefined || hidden ? {} : { fields }) }
}

function times<Name extends string>(
  dates: Readonly<Record<Name, Date | undefined>>,
): { readonly [Key in Name]?: number } {
  const known = Object.entries<Date | undefined>(dates).flatMap(([name, date]) =>
    date ? [[name, date.getTime()] as const] : [],
  )
  return Object.fromEntries(known) as { readonly [Key in Name]?: number }
}
