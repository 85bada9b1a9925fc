import { TqError, type TqErrorCode, type WorkerAnswer } from '@tq/core'
import { BadRequest } from '../http/problem.ts'
import { toFilter } from '../reads/task-filter.ts'
import type { WorkerAnswers } from '../wire/overview.ts'
import {
  type Action,
  type ActionContext,
  type Body,
  idsOf,
  numberOf,
  optionalText,
  textOf,
} from './action.ts'
import { promoteTask, rescheduleTask, setPriority } from './queued-tasks.ts'
import { runTask } from './run-task.ts'

const operate = (run: Action['run']): Action => ({ role: 'operate', run })
const admin = (run: Action['run']): Action => ({ role: 'admin', run })

/** Everything that can be done, by its path below `api/do/`. */
export const actions: Readonly<Record<string, Action>> = {
  'retry-task': operate(async ({ app, visitor }, body) => {
    await app.control.retry(textOf(body, 'id'), { by: visitor.name })
    return {}
  }),
  'revoke-task': operate(async ({ app, visitor }, body) => {
    const reason = optionalText(body, 'reason')
    const revoked = await app.control.revoke(textOf(body, 'id'), {
      by: visitor.name,
      ...(body['terminate'] === true ? { terminate: true } : {}),
      ...(reason === undefined ? {} : { reason }),
    })
    return { revoked }
  }),
  'retry-tasks': operate(({ app, visitor }, body) =>
    forEach(needIds(body), async (id) => {
      await app.control.retry(id, { by: visitor.name })
      return true
    }),
  ),
  'revoke-tasks': operate(({ app, visitor }, body) =>
    forEach(needIds(body), (id) => app.control.revoke(id, { by: visitor.name })),
  ),
  'promote-task': promoteTask,
  'reschedule-task': rescheduleTask,
  'set-priority': setPriority,
  'run-task': runTask,
  'start-bulk': operate(async ({ bulk, visitor }, body) => {
    const action = textOf(body, 'action')
    if (action !== 'retry' && action !== 'revoke') throw new BadRequest("action is 'retry' or 'revoke'.")
    const filter = toFilter(new URLSearchParams(optionalText(body, 'filter') ?? ''))
    const total = typeof body['total'] === 'number' ? body['total'] : null
    return bulk.start(action, filter, total, visitor.name)
  }),
  'stop-bulk': operate(async ({ bulk }, body) => ({ stopped: bulk.stop(textOf(body, 'id')) })),
  'pause-queue': operate(async ({ app, visitor }, body) => {
    const reason = optionalText(body, 'reason')
    const options = { by: visitor.name, ...(reason === undefined ? {} : { reason }) }
    return toAnswers(await app.control.pause(textOf(body, 'queue'), options))
  }),
  'resume-queue': operate(async ({ app, visitor }, body) => ({
    resumed: await app.control.resume(textOf(body, 'queue'), { by: visitor.name }),
  })),
  'purge-queue': admin(async ({ app, visitor }, body) => {
    const queue = textOf(body, 'queue')
    // Typed by hand: a slip of the mouse does not delete a queue.
    if (body['confirm'] !== queue) throw new BadRequest(`confirm has to be the name of the queue.`)
    return { purged: await app.control.purge(queue, { by: visitor.name }) }
  }),
  'retry-dead': operate(async ({ app, visitor }, body) => {
    return { retried: await app.control.retryDead(textOf(body, 'queue'), chosen(visitor.name, body)) }
  }),
  'drop-dead': admin(async ({ app, visitor }, body) => {
    return { dropped: await app.control.dropDead(textOf(body, 'queue'), chosen(visitor.name, body)) }
  }),
  'resize-worker': admin(async ({ app, visitor }, body) =>
    toAnswers(await app.control.concurrency(numberOf(body, 'slots'), toWorker(visitor.name, body))),
  ),
  'stop-worker': admin(async ({ app, visitor }, body) =>
    toAnswers(await app.control.shutdown(toWorker(visitor.name, body))),
  ),
  'add-queue': admin(async ({ app, visitor }, body) =>
    toAnswers(await app.control.addConsumer(textOf(body, 'queue'), toWorker(visitor.name, body))),
  ),
  'remove-queue': admin(async ({ app, visitor }, body) =>
    toAnswers(await app.control.cancelConsumer(textOf(body, 'queue'), toWorker(visitor.name, body))),
  ),
  'limit-rate': operate(async ({ app, visitor }, body) =>
    toAnswers(
      await app.control.rateLimit(textOf(body, 'task'), optionalText(body, 'rate'), { by: visitor.name }),
    ),
  ),
  'pause-schedule': operate((context, body) => onSchedule(context, body, 'pause')),
  'resume-schedule': operate((context, body) => onSchedule(context, body, 'resume')),
  'run-schedule': operate((context, body) => onSchedule(context, body, 'runNow')),
}

async function onSchedule(
  { app, visitor }: ActionContext,
  body: Body,
  verb: 'pause' | 'resume' | 'runNow',
): Promise<{ readonly id?: string }> {
  const name = textOf(body, 'schedule')
  const sent = await app.schedules[verb](name)
  const words = { pause: 'pause schedule', resume: 'resume schedule', runNow: 'run schedule now' }
  const outcome = sent ? { outcome: sent.id } : {}
  await app.control.note(words[verb], name, { by: visitor.name, ...outcome })
  return sent ? { id: sent.id } : {}
}

function chosen(by: string, body: Body): { readonly by: string; readonly ids?: readonly string[] } {
  const ids = idsOf(body, 'ids')
  return { by, ...(ids ? { ids } : {}) }
}

/** One after the other: each has an entry of its own in the audit log. */
async function forEach(ids: readonly string[], act: (id: string) => Promise<boolean>): Promise<Progress> {
  let done = 0
  for (const id of ids) {
    try {
      if (await act(id)) done++
    } catch (error) {
      if (!(error instanceof TqError && refusals.has(error.code))) throw error
    }
  }
  return { done, refused: ids.length - done }
}

interface Progress {
  readonly done: number
  readonly refused: number
}

/** The task is in no state for it, or is not known any more. */
const refusals: ReadonlySet<TqErrorCode> = new Set(['INVALID_OPTION', 'UNKNOWN_RESULT'])

function needIds(body: Body): readonly string[] {
  const ids = idsOf(body, 'ids')
  if (ids) return ids
  throw new BadRequest('ids is missing.')
}

/** One worker, by its id: names need not be unique. */
function toWorker(by: string, body: Body): { readonly by: string; readonly to: readonly string[] } {
  return { by, to: [textOf(body, 'worker')] }
}

function toAnswers(answers: readonly WorkerAnswer<unknown>[]): WorkerAnswers {
  return {
    answers: answers.map(({ worker, error }) => ({
      worker: worker.name,
      ...(error === undefined ? {} : { error }),
    })),
  }
}
