import type { TaskFilter } from '@tq/core'
import { BadRequest } from '../http/problem.ts'
import type { TaskState } from '../wire/task.ts'

const states: ReadonlySet<string> = new Set<TaskState>([
  'PENDING',
  'STARTED',
  'RETRY',
  'SUCCESS',
  'FAILURE',
  'REVOKED',
])
const texts = ['name', 'queue', 'worker', 'tag', 'parent', 'workflow', 'id'] as const

/** The filter that a query asks for: what is in the page's URL. @throws BadRequest */
export function toFilter(query: URLSearchParams): TaskFilter {
  const filter: Record<string, unknown> = {}
  const asked = (query.get('state') ?? '').split(',').filter((state) => state !== '')
  for (const state of asked) if (!states.has(state)) throw new BadRequest(`There is no state '${state}'.`)
  if (asked.length > 0) filter['state'] = asked
  for (const name of texts) {
    const value = query.get(name)?.trim()
    if (value) filter[name] = value
  }
  const from = instantOf(query, 'from')
  const to = instantOf(query, 'to')
  const last = lengthOf(query.get('last'))
  if (from) filter['from'] = from
  else if (last !== undefined) filter['from'] = new Date(Date.now() - last)
  if (to) filter['to'] = to
  return filter
}

/** The filter in words, for the audit log. */
export function describeFilter(filter: TaskFilter): string {
  const parts = Object.entries(filter).map(
    ([name, value]) => `${name}=${value instanceof Date ? value.toISOString() : String(value)}`,
  )
  return parts.length > 0 ? parts.join(' ') : 'all tasks'
}

function instantOf(query: URLSearchParams, name: string): Date | undefined {
  const text = query.get(name)
  if (!text) return undefined
  const date = new Date(/^\d+$/.test(text) ? Number(text) : text)
  if (Number.isNaN(date.getTime())) throw new BadRequest(`${name}: '${text}' is not an instant.`)
  return date
}

const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

function lengthOf(text: string | null): number | undefined {
  if (!text) return undefined
  const [, amount, unit = ''] = /^(\d{1,4})([smhd])$/.exec(text) ?? []
  if (amount === undefined) throw new BadRequest(`last: '${text}' is not a length of time such as 15m.`)
  return Number(amount) * (units[unit] ?? 1)
}
