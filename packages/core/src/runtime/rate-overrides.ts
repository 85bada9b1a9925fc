import type { StateStore } from '../contracts/backend.ts'
import type { Millis } from '../contracts/time.ts'
import type { TaskRegistry } from '../task/registry.ts'
import { pagesOf } from './pages.ts'
import type { DefinedRate } from './worker-list.ts'

export const ratesCollection = 'rates'

/** Until somebody changes it again: as good as for ever. */
const keptMs: Millis = 10 * 365 * 86_400_000

/** Another rate for a task than its definition says; undefined takes it away. */
export async function putRate(state: StateStore, task: string, rate: string | undefined): Promise<void> {
  if (rate === undefined) await state.remove(ratesCollection, task)
  else await state.add(ratesCollection, task, rate, { ttlMs: keptMs })
}

export async function readRates(state: StateStore): Promise<ReadonlyMap<string, string>> {
  const rates = new Map<string, string>()
  for await (const { member, value } of pagesOf(state, ratesCollection)) rates.set(member, value)
  return rates
}

/** The rate limits of the tasks an app knows, by task. */
export function definedRates(registry: TaskRegistry): Readonly<Record<string, DefinedRate>> {
  const limited = registry
    .all()
    .flatMap(({ name, policy: { rate } }) => (rate ? [[name, rate] as const] : []))
  return Object.fromEntries(
    limited.map(([name, { limit, windowMs, perKey }]) => [name, { limit, windowMs, perKey }]),
  )
}
