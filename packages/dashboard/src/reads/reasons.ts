import { appBrand, type QueueInfo, type TaskDetails, type WorkerInfo } from '@tq/core'
import type { Reason } from '../wire/task.ts'
import type { ReadContext } from './read.ts'

/** Why a task that has not ended does not run, the gravest first. Empty for one that has ended. */
export async function reasonsOf({ app }: ReadContext, task: TaskDetails): Promise<readonly Reason[]> {
  if (task.state === 'SUCCESS' || task.state === 'FAILURE' || task.state === 'REVOKED') return []
  // A workflow is no task: its tasks run.
  if (task.queue === '') return []
  const [workers, queues] = await Promise.all([app.inspect.workers(), app.inspect.queues()])
  if (task.state === 'STARTED') return whileStarted(task, workers)
  const now = Date.now()
  const queue = queues.find(({ name }) => name === task.queue)
  const due = task.dueAt?.getTime() ?? 0
  const reasons = [
    ...whyNobodyTakes(task, queue, workers),
    ...(await limitReasons(app, task)),
    ...(due > now && task.state === 'PENDING' ? [waits(`Delayed until ${task.dueAt?.toISOString()}.`)] : []),
    ...(task.state === 'RETRY' ? [waits(retryText(task))] : []),
  ]
  if (reasons.some(({ kind }) => kind === 'blocks')) return sorted(reasons)
  return reasons.length > 0 ? sorted(reasons) : [inLine(task, queue, workers)]
}

function whileStarted(task: TaskDetails, workers: readonly WorkerInfo[]): readonly Reason[] {
  const worker = workers.find(({ name }) => name === task.worker)
  if (task.worker === undefined || worker)
    return [{ kind: 'fine', text: `It runs${task.worker ? ` on ${task.worker}` : ''}.` }]
  const text = `Its worker '${task.worker}' is no longer alive. The task is given to another one when its lease has ended.`
  const others = workers.some(({ queues }) => queues.includes(task.queue))
  return [others ? waits(text) : blocks(text, startWorker(task.queue))]
}

function whyNobodyTakes(
  { name, queue }: TaskDetails,
  info: QueueInfo | undefined,
  workers: readonly WorkerInfo[],
): readonly Reason[] {
  const { paused } = info ?? {}
  if (paused) {
    const why = paused.reason ? `: ${paused.reason}` : ''
    return [
      blocks(
        `Queue '${queue}' is paused by ${paused.by} since ${new Date(paused.since).toISOString()}${why}.`,
        'Resume the queue.',
      ),
    ]
  }
  const listening = workers.filter(({ queues }) => queues.includes(queue))
  if (workers.length === 0) return [blocks('No worker is alive.', startWorker(queue))]
  if (listening.length === 0)
    return [blocks(`No live worker takes tasks from queue '${queue}'.`, startWorker(queue))]
  if (!listening.some(({ tasks }) => tasks.includes(name))) {
    const names = listening.map((worker) => worker.name).join(', ')
    return [
      blocks(
        `No worker of queue '${queue}' knows the task '${name}' (${names}).`,
        'Deploy a worker whose task files define it. After some tries it becomes a dead letter.',
      ),
    ]
  }
  if (listening.every(({ state }) => state === 'stopping'))
    return [blocks(`All workers of queue '${queue}' are stopping.`, startWorker(queue))]
  return []
}

/** Limits that all workers share: known from the store, whoever defined the task. */
async function limitReasons(app: ReadContext['app'], { name }: TaskDetails): Promise<readonly Reason[]> {
  const { backend } = await app[appBrand].runtime.connect()
  if (!backend) return []
  const { members } = await backend.state.page('limits', { limit: 200 })
  const mine = members.filter(({ member }) => member === name || member.startsWith(`${name}:`)).slice(0, 20)
  const reasons: Reason[] = []
  for (const { member, value } of mine) {
    const limit = Number(value)
    const holders = await backend.state.holders(`limit:${member}`)
    if (holders.length < limit) continue
    const key = member === name ? '' : ` for '${member.slice(name.length + 1)}'`
    const running = holders.slice(0, 3).join(', ')
    reasons.push(
      waits(
        `The concurrency limit${key} is reached: ${holders.length} of ${limit} run (${running}). It waits for one of them to end.`,
      ),
    )
  }
  return reasons
}

function retryText({ attempt, error, updatedAt, dueAt }: TaskDetails): string {
  const when = dueAt ? `at ${dueAt.toISOString()}` : 'when its backoff is over'
  const why = error ? ` after ${error.name}` : ''
  return `It failed at ${updatedAt.toISOString()}${why} and runs again (attempt ${attempt + 1}) ${when}.`
}

function inLine({ queue }: TaskDetails, info: QueueInfo | undefined, workers: readonly WorkerInfo[]): Reason {
  const listening = workers.filter(({ queues }) => queues.includes(queue))
  const slots = listening.reduce((sum, { concurrency }) => sum + concurrency, 0)
  const running = listening.reduce((sum, worker) => sum + worker.running, 0)
  const ahead = info?.counts?.ready
  const waiting =
    ahead === undefined ? '' : ` ${ahead} ${ahead === 1 ? 'task waits' : 'tasks wait'} in the queue.`
  if (running >= slots) {
    return {
      kind: 'waits',
      text: `All ${slots} slots of the workers of queue '${queue}' are in use.${waiting}`,
      fix: 'Start another worker, or give one more slots.',
    }
  }
  return { kind: 'fine', text: `It is in line: a worker takes it soon.${waiting}` }
}

function sorted(reasons: readonly Reason[]): readonly Reason[] {
  return [...reasons].sort((one, other) => Number(other.kind === 'blocks') - Number(one.kind === 'blocks'))
}

function startWorker(queue: string): string {
  return `Start one: tq worker -A <task file> -Q ${queue}`
}

function blocks(text: string, fix: string): Reason {
  return { kind: 'blocks', text, fix }
}

function waits(text: string): Reason {
  return { kind: 'waits', text }
}
