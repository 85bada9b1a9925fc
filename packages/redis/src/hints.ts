import type { Millis } from '@tq/core/driver'
import type { Client } from './client.ts'
import type { Connection } from './connection.ts'

/** That somebody watches is remembered so long, and said again in time. */
const watchedMs: Millis = 60_000
const sayEveryMs: Millis = 20_000

/**
 * Tells that records or state may have changed, over one subscription connection. State changes seldom and is always
 * told of; those who change records tell so only while somebody watches records: a key says whether.
 */
export class Hints {
  readonly #connection: Connection
  readonly #records = new Map<string, Set<() => void>>()
  readonly #prefixes = new Map<() => void, string>()
  #client: Client | undefined
  #cancel: (() => void) | undefined
  #closed = false

  constructor(connection: Connection) {
    this.#connection = connection
  }

  onRecord(id: string, onHint: () => void): () => void {
    const channel = this.#connection.keys.recordChannel(id)
    const callback = () => onHint()
    const known = this.#records.get(channel)
    if (known) known.add(callback)
    else {
      this.#say()
      this.#records.set(channel, new Set([callback]))
      this.#start()
        .subscribe(channel)
        .catch(() => {})
    }
    return () => {
      const callbacks = this.#records.get(channel)
      if (!callbacks?.delete(callback) || callbacks.size > 0) return
      this.#records.delete(channel)
      this.#client?.unsubscribe(channel).catch(() => {})
      this.#rest()
    }
  }

  onState(prefix: string, onHint: () => void): () => void {
    const callback = () => onHint()
    if (this.#prefixes.size === 0) {
      this.#start()
        .subscribe(this.#connection.keys.stateChannel)
        .catch(() => {})
    }
    this.#prefixes.set(callback, prefix)
    return () => {
      this.#prefixes.delete(callback)
    }
  }

  /** Says that state of this name changed. */
  tellState(name: string): void {
    const { client, keys } = this.#connection
    client.publish(keys.stateChannel, name).catch(() => {})
  }

  close(): void {
    this.#closed = true
    this.#rest(true)
    this.#client?.disconnect()
  }

  #start(): Client {
    if (this.#client) return this.#client
    // It may wait for the connection: hints may be late.
    const client = this.#connection.another({ name: 'hints', blocks: true, queues: true })
    this.#client = client
    client.on('message', (channel: string, text: string) => this.#onMessage(channel, text))
    // What changed while it was away nobody told.
    client.on('ready', () => this.#tellAll())
    client.connect().catch(() => {})
    return client
  }

  #onMessage(channel: string, text: string): void {
    for (const callback of [...(this.#records.get(channel) ?? [])]) callback()
    if (channel !== this.#connection.keys.stateChannel) return
    for (const [callback, prefix] of [...this.#prefixes]) if (text.startsWith(prefix)) callback()
  }

  #tellAll(): void {
    for (const callbacks of [...this.#records.values()]) for (const callback of [...callbacks]) callback()
    for (const callback of [...this.#prefixes.keys()]) callback()
  }

  #say(): void {
    if (this.#cancel || this.#closed) return
    const { client, keys, clock } = this.#connection
    client.set(keys.watched, '1', 'PX', watchedMs).catch(() => {})
    this.#cancel = clock.setTimer(
      sayEveryMs,
      () => {
        this.#cancel = undefined
        if (this.#records.size > 0) this.#say()
      },
      { background: true },
    )
  }

  #rest(now = false): void {
    if (!now && this.#records.size > 0) return
    this.#cancel?.()
    this.#cancel = undefined
  }
}
