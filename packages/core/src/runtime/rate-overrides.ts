import type { StateStore } from '../contracts/backend.ts'
import type { Millis } from '../contracts/time.ts'
import { pagesOf } from './pages.ts'

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
