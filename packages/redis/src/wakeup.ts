import type { Millis } from '@tq/core/driver'
import { type Client, replaceSocket } from './client.ts'
import type { Connection } from './connection.ts'

/** The longest the server is asked to wait at once: a socket that died without a word is noticed soon after. */
const blockMs: Millis = 2_000
/** An answer that is later than this is not coming. */
const graceMs: Millis = 1_000
/** How often to look while there is no connection to wait on. */
const blindMs: Millis = 200

/** What is called behind a wait: the server begins with it when the wait ends, whatever has ended it. */
export interface Behind {
  call(client: Client): Promise<unknown>
  /** Its answer was heard. Whether it brought something. */
  answered(answer: unknown): Promise<boolean>
}

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

  /** Asks the server to tell, and what else to do then. Returns how long that can be relied on. */
  arm(behind?: Behind): Millis {
    if (this.#closed) return blindMs
    if (!this.#client) this.#connect()
    if (!this.#asked && this.#ready) void this.#ask(behind)
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

  async #ask(behind: Behind | undefined): Promise<void> {
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
      const popping = client.bzpopmin(this.#key, blockMs / 1_000)
      // Both are heard: the call may have brought something although the wait was broken off.
      const [popped, called] = await Promise.allSettled([popping, behind?.call(client)])
      const answer = called.status === 'fulfilled' ? called.value : undefined
      const brought = answer !== undefined && (await behind?.answered(answer))
      if (popped.status === 'rejected') throw popped.reason
      this.#asked = false
      if (popped.value && !brought && !this.#onWake()) await this.#putBack()
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
