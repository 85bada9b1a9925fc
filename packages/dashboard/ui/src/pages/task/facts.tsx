import type { ComponentChildren } from 'preact'
import type { TaskDetail } from '../../../../src/wire/task.ts'
import { dateTime, duration } from '../../lib/format.ts'
import { href, pageWith } from '../../lib/root.ts'
import { Since } from '../../parts/time.tsx'

/** What is known of a task, by name; what is not known is left out. */
export function Facts({ task }: { readonly task: TaskDetail }) {
  const { id, queue, worker, attempt, generation, sentAt, dueAt, startedAt, endedAt, parent, workflow } = task
  return (
    <dl class="facts">
      <Fact name="Queue">{link('tasks', { queue }, queue, 'mono')}</Fact>
      <Fact name="Worker">{worker ? link('tasks', { worker }, worker, 'mono') : null}</Fact>
      <Fact name="Run time">{runTime(task)}</Fact>
      <Fact name="Waited">{waited(task)}</Fact>
      <Fact name="Sent">{time(sentAt)}</Fact>
      <Fact name="Due">{time(dueAt)}</Fact>
      <Fact name="Started">{time(startedAt)}</Fact>
      <Fact name="Ended">{time(endedAt)}</Fact>
      <Fact name="Attempt">{attempt + 1}</Fact>
      <Fact name="Run again">{generation > 0 ? `${generation} times by hand` : null}</Fact>
      <Fact name="Sent by">{parent ? link('task', { id: parent }, parent, 'mono clip') : null}</Fact>
      <Fact name="Workflow">
        {workflow ? link('workflow', { id: workflow }, workflow, 'mono clip') : null}
      </Fact>
      <Fact name="Tags">{tags(task)}</Fact>
      <Fact name="Its tasks">{link('tasks', { parent: id }, 'Show what it sent', '')}</Fact>
    </dl>
  )
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  if (children === null || children === undefined) return null
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

function link(page: string, query: Readonly<Record<string, string>>, text: string, look: string) {
  return (
    <a class={look} href={href(pageWith(page, query))}>
      {text}
    </a>
  )
}

function time(at: number | undefined): string | null {
  return at === undefined ? null : dateTime(at)
}

function runTime({ runtimeMs, state, startedAt }: TaskDetail): ComponentChildren {
  if (runtimeMs !== undefined) return duration(runtimeMs)
  return state === 'STARTED' && startedAt !== undefined ? <Since at={startedAt} /> : null
}

/** From when it could have run until it first did. */
function waited({ sentAt, dueAt, timeline }: TaskDetail): string | null {
  const firstStart = timeline.find(({ state }) => state === 'STARTED')?.at
  if (sentAt === undefined || firstStart === undefined) return null
  return duration(Math.max(0, firstStart - Math.max(sentAt, dueAt ?? 0)))
}

function tags({ tags: all }: TaskDetail): ComponentChildren {
  if (all.length === 0) return null
  return all.map((tag) => (
    <a key={tag} class="tag" href={href(pageWith('tasks', { tag }))}>
      {tag}
    </a>
  ))
}
