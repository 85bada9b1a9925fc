import type { StateStore } from '../contracts/backend.ts'
import type { Millis } from '../contracts/time.ts'
import { type Histogram, percentile } from './run-times.ts'

/** How a run ended, as it is counted. */
export type CountedEnd = 'succeeded' | 'failed' | 'retried' | 'revoked'

export const minuteMs = 60_000
export const hourMs = 3_600_000

/** Counts lie in buckets of time: minutes for a day, hours for a month. */
export type Step = typeof minuteMs | typeof hourMs
const keptMs: Readonly<Record<Step, Millis>> = { [minuteMs]: 25 * hourMs, [hourMs]: 32 * 24 * hourMs }

const keyOf = (step: Step, start: number): string => `counts:${step === minuteMs ? 'm' : 'h'}:${start}`

/** What happened to the tasks of one name. */
export interface TaskCounts {
  readonly succeeded: number
  readonly failed: number
  readonly retried: number
  readonly revoked: number
  /** Of all runs together. */
  readonly runtimeMs: Millis
  readonly p50Ms: Millis | undefined
  readonly p95Ms: Millis | undefined
  readonly p99Ms: Millis | undefined
}

/** One bucket of time, by task name. */
export interface CountsAt {
  /** When it begins, in milliseconds since 1970. */
  readonly start: number
  readonly tasks: Readonly<Record<string, TaskCounts>>
}

/** Adds what a worker counted to the bucket of an instant. */
export function addCounts(
  state: StateStore,
  step: Step,
  now: number,
  fields: Readonly<Record<string, number>>,
): Promise<void> {
  return state.count(keyOf(step, startOf(step, now)), fields, { ttlMs: keptMs[step] })
}

/** The buckets of a span, oldest first, those without a task too. */
export async function readCounts(
  state: StateStore,
  step: Step,
  from: number,
  to: number,
): Promise<readonly CountsAt[]> {
  const starts: number[] = []
  for (let start = startOf(step, from); start < to; start += step) starts.push(start)
  const counted = await state.counted(starts.map((start) => keyOf(step, start)))
  return starts.map((start, index) => ({ start, tasks: summarise([counted[index] ?? {}]) }))
}

/** The sums of a whole span, by task name. */
export async function sumCounts(
  state: StateStore,
  step: Step,
  from: number,
  to: number,
): Promise<Readonly<Record<string, TaskCounts>>> {
  const keys: string[] = []
  for (let start = startOf(step, from); start < to; start += step) keys.push(keyOf(step, start))
  return summarise(await state.counted(keys))
}

/** When the bucket of an instant begins. */
function startOf(step: Step, now: number): number {
  return Math.floor(now / step) * step
}

interface Sums {
  readonly succeeded: number
  readonly failed: number
  readonly retried: number
  readonly revoked: number
  readonly runtimeMs: Millis
  readonly histogram: Histogram
}

/** Fields are `succeeded:<task>`, …, `ms:<task>` and `b<bucket>:<task>`. */
function summarise(all: readonly Readonly<Record<string, number>>[]): Readonly<Record<string, TaskCounts>> {
  const byTask = new Map<string, Record<string, number>>()
  for (const fields of all) {
    for (const [field, value] of Object.entries(fields)) {
      const colon = field.indexOf(':')
      const task = field.slice(colon + 1)
      const sums = byTask.get(task) ?? {}
      byTask.set(task, sums)
      const name = field.slice(0, colon)
      sums[name] = (sums[name] ?? 0) + value
    }
  }
  return Object.fromEntries([...byTask].map(([task, sums]) => [task, toCounts(toSums(sums))]))
}

function toSums(fields: Readonly<Record<string, number>>): Sums {
  const histogram = new Map<number, number>()
  for (const [name, value] of Object.entries(fields)) {
    if (/^b\d+$/.test(name)) histogram.set(Number(name.slice(1)), value)
  }
  const { succeeded = 0, failed = 0, retried = 0, revoked = 0, ms = 0 } = fields
  return { succeeded, failed, retried, revoked, runtimeMs: ms, histogram }
}

function toCounts({ histogram, ...sums }: Sums): TaskCounts {
  return {
    ...sums,
    p50Ms: percentile(histogram, 0.5),
    p95Ms: percentile(histogram, 0.95),
    p99Ms: percentile(histogram, 0.99),
  }
}
