import type { StateStore } from '../contracts/backend.ts'
import type { Clock, Millis } from '../contracts/time.ts'
import { newId } from '../util/ids.ts'
import type { TaskEvents } from './events.ts'
import { pagesOf } from './pages.ts'

export const listenersCollection = 'listeners'
const eventsCollection = 'events'

/** Who listens says so again in time. */
const listensMs: Millis = 15_000
const keptMs: Millis = 15_000
const lookEveryMs: Millis = 250

/** What happened to a task, and where. */
export type FedEvent = {
  readonly [Name in keyof TaskEvents]: TaskEvents[Name] & {
    readonly type: Name
    /** In milliseconds since 1970 by the worker's clock. */
    readonly at: number
    readonly worker: string
  }
}[keyof TaskEvents]

/** A worker's events of a moment. */
interface Batch {
  readonly events: readonly FedEvent[]
  /** There were more than a batch holds. */
  readonly dropped: number
}

export async function someoneListens(state: StateStore): Promise<boolean> {
  return (await state.page(listenersCollection, { limit: 1 })).members.length > 0
}

export async function feedEvents(state: StateStore, clock: Clock, batch: Batch): Promise<void> {
  await state.add(eventsCollection, newId(clock), JSON.stringify(batch), { ttlMs: keptMs })
}

/**
 * Events of all workers, as they come, until the signal aborts. Workers tell them only while somebody listens; under
 * load, not all: a marker says how many are missing.
 */
export async function* listen(
  state: StateStore,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<FedEvent | { readonly type: 'dropped'; readonly count: number }> {
  const self = newId(clock)
  let said = Number.NEGATIVE_INFINITY
  let seen: ReadonlySet<string> | undefined
  try {
    while (!signal.aborted) {
      if (clock.monotonic() - said > listensMs / 3) {
        await state.add(listenersCollection, self, '', { ttlMs: listensMs })
        said = clock.monotonic()
      }
      const present = new Set<string>()
      const batches: Batch[] = []
      for await (const { member, value } of pagesOf(state, eventsCollection)) {
        present.add(member)
        // What was told before we came was for others.
        if (seen && !seen.has(member)) batches.push(JSON.parse(value) as Batch)
      }
      seen = present
      const events = batches.flatMap((batch) => batch.events)
      yield* events.sort((one, other) => one.at - other.at)
      const count = batches.reduce((sum, { dropped }) => sum + dropped, 0)
      if (count > 0) yield { type: 'dropped', count }
      await pause(clock, signal)
    }
  } finally {
    await state.remove(listenersCollection, self).catch(() => false)
  }
}

function pause(clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      cancel()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const cancel = clock.setTimer(lookEveryMs, done)
    signal.addEventListener('abort', done, { once: true })
  })
}
