import type { StateStore } from '../contracts/backend.ts'
import type { OutboundMessage } from '../contracts/broker.ts'
import type { Millis } from '../contracts/time.ts'
import { fromText, type MessageText, messageKey, taskIdOf, toText } from './message-text.ts'
import type { Publisher } from './publisher.ts'

/** Places that tasks of one kind share. */
export interface Places {
  readonly key: string
  readonly limit: number
}

/** A running task keeps its place by renewing it; the place of a dead worker is free after this long. */
export const placeTtlMs: Millis = 60_000
/** A task that was called has this long to reach a worker before its place goes to another. */
const calledTtlMs: Millis = 300_000
/** Longer than sending may take: who is being called must not be called twice. */
const callingMs: Millis = 30_000
const registryTtlMs: Millis = 30 * 86_400_000
const registry = 'limits'

const placesKey = ({ key }: Places): string => `limit:${key}`
const lotOf = ({ key }: Places): string => `limit:${key}`

/**
 * Tasks over a concurrency limit wait here, outside their queue, in the order they came. Whoever ends calls the next: its
 * place is taken for it before its message goes back to the queue, so nobody gets in between.
 */
export class WaitingLines {
  readonly #state: StateStore
  readonly #publisher: Publisher

  constructor(state: StateStore, publisher: Publisher) {
    this.#state = state
    this.#publisher = publisher
  }

  /** Whether the task has a place now. It may have had it already: then it keeps it. */
  async enter(places: Places, taskId: string): Promise<boolean> {
    const { limit } = places
    return (await this.#state.acquire(placesKey(places), taskId, { limit, ttlMs: placeTtlMs })) !== undefined
  }

  async stay(places: Places, taskId: string): Promise<void> {
    await this.#state.renew(placesKey(places), taskId, { ttlMs: placeTtlMs })
  }

  /** Gives the place up and calls the next. */
  async leave(places: Places, taskId: string): Promise<void> {
    if (await this.#state.release(placesKey(places), taskId)) await this.call(places)
  }

  async queue(places: Places, queue: string, message: OutboundMessage): Promise<void> {
    const item = { key: messageKey(message), value: JSON.stringify(toText(queue, message)) }
    await this.#state.park(lotOf(places), item, { delayMs: 0 })
    await this.#state.add(registry, places.key, String(places.limit), { ttlMs: registryTtlMs })
    // Someone may have ended between its asking and its waiting.
    await this.call(places)
  }

  /** Sends those back to their queues for whom there is a place. */
  async call(places: Places): Promise<void> {
    const { limit } = places
    while ((await this.#state.holders(placesKey(places))).length < limit) {
      const [item] = await this.#state.due(lotOf(places), { limit: 1, leaseMs: callingMs })
      if (!item) return
      const taskId = taskIdOf(item.key)
      const place = await this.#state.acquire(placesKey(places), taskId, { limit, ttlMs: calledTtlMs })
      if (place === undefined) {
        await this.#state.park(lotOf(places), item, { delayMs: 0 })
        return
      }
      const text = JSON.parse(item.value) as MessageText
      await this.#publisher.publish(text.queue, [fromText(taskId, text)])
      await this.#state.unpark(lotOf(places), [item.key])
    }
  }

  /** Calls everywhere: a worker may have died between leaving and calling, or with the places it held. */
  async callEverywhere(): Promise<void> {
    for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
      const page = await this.#state.page(registry, {
        limit: 100,
        ...(cursor === undefined ? {} : { cursor }),
      })
      for (const { member, value } of page.members) await this.call({ key: member, limit: Number(value) })
      cursor = page.next
    }
  }
}
