import type { StateStore } from '../contracts/backend.ts'
import type { Millis } from '../contracts/time.ts'
import { pagesOf } from './pages.ts'

export const pausedCollection = 'paused'

/** Until somebody resumes it: as good as for ever. */
const keptMs: Millis = 10 * 365 * 86_400_000

/** A queue from which no worker takes tasks. */
export interface PausedQueue {
  readonly queue: string
  /** In milliseconds since 1970. */
  readonly since: number
  readonly by: string
  readonly reason?: string
}

/** Pausing is state in the store: it outlives workers, and all see the same. Tasks are accepted all the time. */
export async function pauseQueue(state: StateStore, { queue, ...rest }: PausedQueue): Promise<void> {
  await state.add(pausedCollection, queue, JSON.stringify(rest), { ttlMs: keptMs })
}

/** Whether it was paused. */
export function resumeQueue(state: StateStore, queue: string): Promise<boolean> {
  return state.remove(pausedCollection, queue)
}

export async function pausedQueues(state: StateStore): Promise<readonly PausedQueue[]> {
  const paused: PausedQueue[] = []
  for await (const { member, value } of pagesOf(state, pausedCollection))
    paused.push({ queue: member, ...(JSON.parse(value) as Omit<PausedQueue, 'queue'>) })
  return paused
}
