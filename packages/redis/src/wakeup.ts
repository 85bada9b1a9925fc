import type { Millis } from '@tq/core/driver'
import { type Client, replaceSocket } from './client.ts'
import type { Connection } from './connection.ts'

/** The longest the server is asked to wait at once: a socket that died without a word is noticed soon after. */
const blockMs: Millis = 2_000
/** An answer that is later than this is not coming. */
const graceMs: Millis = 1_000
/** How often to look while there is no connection to wait on. */
const blindMs: Millis = 200

/**
 * Waits on the server until something may be ready in a queue: a blocked pop of the queue's marker, on a connection
 * of its own. One of all who wait gets the marker; whoever gets it without waiting any more puts it back.
 */
export class WakeUp {
  readonly #connection: Connection
  readonly #key: string
  readonly #onWake: () => boolean
  #client: Client | undefined
  #ready = false
  #asked = false
  #closed = false

  /** @param onWake returns false when nobody waits */
  constructor(connection: Connection, key: string, onWake: () => boolean) {
    this.#connection = connection
    this.#key = key
    this.#onWake = onWake
  }

  /** Asks the server to tell. Returns how long that can be relied on. */
  arm(): Millis {
    if (this.#closed) return blindMs
    if (!this.#client) this.#connect()
    if (!this.#asked && this.#ready) void this.#ask()
    return this.#asked ? blockMs : blindMs
  }

  close(): void {
    this.#closed = true
    this.#client?.disconnect()
  }

  #connect(): void {
    const client = this.#connection.another({ name: 'wait', blocks: true })
    this.#client = client
    client.on('ready', () => {
      this.#ready = true
      // Who waits meanwhile looks again, and then asks.
      this.#onWake()
    })
    client.on('close', () => {
      this.#ready = false
    })
    client.connect().catch(() => {})
  }

  async #ask(): Promise<void> {
    const client = this.#client
    if (!client) return
    this.#asked = true
    const cancel = this.#connection.clock.setTimer(
      blockMs + graceMs,
      () => {
        // Black hole: a new socket, and whoever waits looks by himself until it is there.
        this.#ready = false
        replaceSocket(client)
      },
      { background: true },
    )
    try {
      const popped = await client.bzpopmin(this.#key, blockMs / 1_000)
      this.#asked = false
      if (popped && !this.#onWake()) await this.#putBack()
    } catch {
      // Not at once: it may fail without leaving this turn of the event loop, and so may what follows.
      const again = () => {
        this.#asked = false
        this.#onWake()
      }
      this.#connection.clock.setTimer(blindMs, again, { background: true })
    } finally {
      cancel()
    }
  }

  async #putBack(): Promise<void> {
    await this.#connection.client.zadd(this.#key, 0, '1').catch(() => {})
  }
}
