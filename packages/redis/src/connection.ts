import type { Clock } from '@tq/core/driver'
import { type Client, newClient, type Use } from './client.ts'
import { ClosedError } from './errors.ts'
import type { Keys } from './keys.ts'
import type { ResolvedOptions } from './options.ts'
import type { Script } from './script.ts'

export type Argument = string | Buffer | number

/** The connection of one broker or backend, and the ones made like it. Runs scripts. */
export class Connection {
  readonly options: ResolvedOptions
  readonly keys: Keys
  readonly clock: Clock
  #client: Client | undefined
  #opening: Promise<void> | undefined
  readonly #known = new Set<Script>()
  #closed = false

  constructor(options: ResolvedOptions, keys: Keys, clock: Clock) {
    this.options = options
    this.keys = keys
    this.clock = clock
  }

  get isCluster(): boolean {
    return this.options.store === undefined
  }

  /** Idempotent. Rejects when the server cannot be reached; may be called again then. */
  open(): Promise<void> {
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined
      throw error
    })
    return this.#opening
  }

  /** The client, for commands that are no script. */
  get client(): Client {
    if (this.#closed) throw new ClosedError()
    if (!this.#client) throw new Error('call open() first')
    return this.#client
  }

  /** Runs a script by its hash; the text is sent the first time, and where the server does not know it any more. */
  async run(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    const { client } = this
    const rest = [keys.length, ...keys, ...args]
    if (!this.#known.has(script)) {
      // Not asked by its hash first: what is sent next would be executed before the second attempt.
      this.#known.add(script)
      return await this.#told(client.callBuffer('eval', [script.lua, ...rest]))
    }
    try {
      return await this.#told(client.callBuffer('evalsha', [script.sha, ...rest]))
    } catch (error) {
      if (!(error instanceof Error && error.message.includes('NOSCRIPT'))) throw error
      return await this.#told(client.callBuffer('eval', [script.lua, ...rest]))
    }
  }

  /** A further connection like this one, open. Whoever asks closes it. */
  another(use: Use): Client {
    if (this.#closed) throw new ClosedError()
    return newClient(this.options.target, use)
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true
    this.#client?.disconnect()
  }

  /** After a close everything fails for that reason. */
  async #told(answer: Promise<unknown>): Promise<unknown> {
    try {
      return await answer
    } catch (error) {
      throw this.#closed ? new ClosedError() : error
    }
  }

  async #open(): Promise<void> {
    if (this.#closed) throw new ClosedError()
    const client = this.another({ name: 'main' })
    let cause: unknown
    const onError = (error: unknown) => {
      cause = error
    }
    client.on('error', onError)
    try {
      await client.connect()
    } catch (error) {
      client.disconnect()
      throw this.#closed ? new ClosedError() : (cause ?? error)
    } finally {
      client.off('error', onError)
    }
    if (this.#closed) {
      client.disconnect()
      throw new ClosedError()
    }
    this.#client = client
    // Another server may answer now.
    client.on('ready', () => this.#known.clear())
  }
}
