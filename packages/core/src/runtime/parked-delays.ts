import type { Backend, DueItem, StateStore } from '../contracts/backend.ts'
import type { Broker, OutboundMessage } from '../contracts/broker.ts'
import type { Millis } from '../contracts/time.ts'
import { fromText, type MessageText, messageKey, taskIdOf, toText } from './message-text.ts'

const lot = 'delayed'
/** A message leaves the backend so long before it is due, at most; the broker's own delay does the rest, and is exact. */
const longestLeadMs: Millis = 60_000
/** A broker that holds messages for a year needs no help. */
const longEnoughMs: Millis = 365 * 86_400_000

/** A parked message as text. */
interface Parked extends MessageText {
  /** What is left of its delay when it is due here. */
  readonly leadMs: Millis
}

/** A message whose time is near, and what is left of its delay. */
export interface Nearing {
  readonly key: string
  readonly queue: string
  readonly message: OutboundMessage
}

/**
 * Delays longer than the broker can hold: such a message waits in the backend until shortly before it is due. Hops from
 * queue to queue would cost a send and a delete each, for weeks, and each may double it.
 */
export class ParkedDelays {
  readonly #state: StateStore
  readonly #maxDelayMs: Millis
  readonly leadMs: Millis

  constructor(state: StateStore, maxDelayMs: Millis) {
    this.#state = state
    this.#maxDelayMs = maxDelayMs
    this.leadMs = Math.min(maxDelayMs, longestLeadMs)
  }

  /** Whether a message has to wait here. */
  isFar({ delayMs = 0 }: OutboundMessage): boolean {
    return delayMs > this.#maxDelayMs
  }

  async park(queue: string, message: OutboundMessage): Promise<void> {
    const { delayMs = 0 } = message
    const parked: Parked = { ...toText(queue, message), leadMs: this.leadMs }
    const key = messageKey(message)
    const value = JSON.stringify(parked)
    await this.#state.park(lot, { key, value }, { delayMs: delayMs - this.leadMs })
  }

  /** Messages whose time is near. They come again after `leaseMs` unless they are forgotten. */
  async nearing(limit: number, leaseMs: Millis): Promise<readonly Nearing[]> {
    return (await this.#state.due(lot, { limit, leaseMs })).map(toNearing)
  }

  async forget(keys: readonly string[]): Promise<void> {
    await this.#state.unpark(lot, keys)
  }
}

/** Undefined where the broker needs no help, or there is nobody to help it. */
export function parkedDelays(
  { capabilities, store }: Broker,
  backend: Backend | undefined,
): ParkedDelays | undefined {
  const oneStore = store !== undefined && store === backend?.store
  if (!backend || oneStore || capabilities.maxDelayMs >= longEnoughMs) return undefined
  return new ParkedDelays(backend.state, capabilities.maxDelayMs)
}

function toNearing({ key, value, overdueMs }: DueItem): Nearing {
  const { leadMs, ...text } = JSON.parse(value) as Parked
  const message = { ...fromText(taskIdOf(key), text), delayMs: Math.max(0, leadMs - overdueMs) }
  return { key, queue: text.queue, message }
}
