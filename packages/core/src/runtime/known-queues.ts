import type { StateStore } from '../contracts/backend.ts'
import type { Millis } from '../contracts/time.ts'
import { pagesOf } from './pages.ts'

const collection = 'queues'
/** A queue that no worker was started for in this time is forgotten. */
const keptMs: Millis = 90 * 86_400_000

/** A worker takes tasks from these: they are listed also when no worker is there any more. */
export async function rememberQueues(state: StateStore, names: readonly string[]): Promise<void> {
  await Promise.all(names.map((name) => state.add(collection, name, '', { ttlMs: keptMs })))
}

export async function rememberedQueues(state: StateStore): Promise<readonly string[]> {
  const names: string[] = []
  for await (const { member } of pagesOf(state, collection)) names.push(member)
  return names
}
