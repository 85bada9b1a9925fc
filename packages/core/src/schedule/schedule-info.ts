import { isTerminal, type TaskRecord, type TaskState } from '../contracts/record.ts'
import type { FlowNode } from '../task/flow.ts'
import type { Calendar } from './beat-module.ts'
import type { ScheduleEntry, SentTick } from './schedule.ts'
import type { Missed, Overlap } from './schedule-options.ts'
import { describeTiming } from './timing.ts'

/** What `app.schedules.list()` tells of one schedule. */
export interface ScheduleInfo {
  readonly name: string
  /** Who decides what it is. Code wins over the store; pausing is always the store's. */
  readonly source: 'code' | 'store'
  /** `disabled`: by its code. `ended`: no tick is left. `orphaned`: no running beat's code defines it any more; it does not tick. */
  readonly state: 'active' | 'paused' | 'disabled' | 'ended' | 'orphaned'
  /** `crontab 0 1 * * *`, `every 5m`, `at 2026-11-03T01:00:00.000Z`. */
  readonly when: string
  readonly timeZone: string
  readonly missed: Missed
  readonly overlap: Overlap
  /** The name of a task, or the shape of a workflow. */
  readonly sends: string
  /** The next ticks; none unless it is active. */
  readonly next: readonly Date[]
  readonly last?: LastRun
  /** Ticks that are to be sent and have not been. */
  readonly waiting: number
  /** Ticks that were given up since it was made: missed, overlapping, or refused by the broker. */
  readonly dropped: number
}

export interface LastRun {
  readonly tick: Date
  /** Of its task or workflow, for `app.result(id)`. */
  readonly id: string
  readonly sentAt: Date
  /** Undefined once its result has expired, and without a backend. */
  readonly state?: TaskState
  readonly endedAt?: Date
  /** Why it could not be sent. */
  readonly error?: string
}

export function toScheduleInfo(
  { schedule: { value }, progress, orphaned }: ScheduleEntry,
  record: TaskRecord | undefined,
  nextTicks: Calendar['nextTicks'],
  now: number,
  count: number,
): ScheduleInfo {
  const { name, source, rules, sends, paused } = value
  const next = nextTicks(rules, Math.max(now, progress?.value.decided ?? 0), count)
  const ended = next.length === 0 && count > 0
  const state = orphaned
    ? 'orphaned'
    : !rules.enabled
      ? 'disabled'
      : paused
        ? 'paused'
        : ended
          ? 'ended'
          : 'active'
  const { last, waiting = [], dropped = 0 } = progress?.value ?? {}
  return {
    name,
    source,
    state,
    when: describeTiming(rules.timing),
    timeZone: rules.timeZone,
    missed: rules.missed,
    overlap: rules.overlap,
    sends: describeNode(sends),
    next: state === 'active' ? next.map((tick) => new Date(tick)) : [],
    ...(last ? { last: toLastRun(last, record) } : {}),
    waiting: waiting.length,
    dropped,
  }
}

function toLastRun({ tick, id, sentAt, error }: SentTick, record: TaskRecord | undefined): LastRun {
  return {
    tick: new Date(tick),
    id,
    sentAt: new Date(sentAt),
    ...(record ? { state: record.state } : {}),
    ...(record && isTerminal(record.state) ? { endedAt: new Date(record.updatedAt) } : {}),
    ...(error === undefined ? {} : { error }),
  }
}

/** Beyond this many parts only their number is told. */
const mostParts = 4

function describeNode(node: FlowNode): string {
  switch (node.kind) {
    case 'task':
      return node.task
    case 'map':
      return `map(${node.child.task})`
    case 'chain':
      return `chain(${describeNodes(node.steps)})`
    case 'group':
      return `group(${describeNodes(node.children)})`
  }
}

function describeNodes(nodes: readonly FlowNode[]): string {
  const shown = nodes.slice(0, mostParts).map(describeNode).join(', ')
  return nodes.length > mostParts ? `${shown}, … ${nodes.length - mostParts} more` : shown
}
