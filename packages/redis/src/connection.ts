import type { Clock, Millis } from '@tq/core/driver'
import { Arguments } from './arguments.ts'
import { type Client, newClient, replaceSocket, type Use } from './client.ts'
import { ClosedError } from './errors.ts'
import { RecordIndex } from './history/record-index.ts'
import type { Keys } from './keys.ts'
import type { ResolvedOptions } from './options.ts'
import { type Script, ScriptCommand } from './script.ts'
import { Silence } from './silence.ts'

export type Argument = string | Buffer | number

/** The keys and the arguments of a script, in this order. */
export interface WrittenCall {
  /** One of the keys: all lie on its node. */
  readonly key: string
  /** How many of the values are keys. */
  readonly keys: number
  readonly values: Arguments
}

/** The connection of one broker or backend, and the ones made like it. Runs scripts. */
export class Connection {
  readonly options: ResolvedOptions
  readonly keys: Keys
  readonly clock: Clock
  #client: Client | undefined
  #opening: Promise<void> | undefined
  /** What was stored here can be listed by it. */
  readonly index: RecordIndex
  readonly #known = new Set<Script>()
  #closed = false
  readonly #silence: Silence

  constructor(options: ResolvedOptions, keys: Keys, clock: Clock) {
    this.options = options
    this.keys = keys
    this.clock = clock
    this.#silence = new Silence(clock, {
      probe: (within) => this.#probe(within),
      replace: () => {
        if (this.#client) replaceSocket(this.#client)
      },
    })
    this.index = new RecordIndex(this)
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

  /** Runs a script with few keys and arguments. */
  async run(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    const values = new Arguments(64 * (keys.length + args.length))
    for (const key of keys) values.text(key)
    for (const arg of args) {
      if (typeof arg === 'object') values.buffer(arg)
      else values.text(String(arg))
    }
    return await this.runWritten(script, { key: keys[0] ?? '', keys: keys.length, values })
  }

  /** Runs a script by its hash; the text is sent the first time, and where the server does not know it any more. */
  async runWritten(script: Script, call: WrittenCall): Promise<unknown> {
    if (!this.#known.has(script)) {
      // Not asked by its hash first: what is sent next would be executed before the second attempt.
      this.#known.add(script)
      return await this.#send('eval', script, call)
    }
    try {
      return await this.#send('evalsha', script, call)
    } catch (error) {
      if (!(error instanceof Error && error.message.includes('NOSCRIPT'))) throw error
      return await this.#send('eval', script, call)
    }
  }

  /**
   * Runs a script behind what another of our connections waits for: the server begins when that wait ends, without being
   * asked again. Only by its hash: nothing waits while a text is sent.
   */
  async runBehind(client: Client, script: Script, { key, keys, values }: WrittenCall): Promise<unknown> {
    return await client.sendCommand(new ScriptCommand('evalsha', script, key, values.byHash(script, keys)))
  }

  /** A further connection like this one, open. Whoever asks closes it. */
  another(use: Use): Client {
    if (this.#closed) throw new ClosedError()
    return newClient(this.options.target, use)
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true
    this.#silence.stop()
    this.#client?.disconnect()
  }

  async #probe(within: Millis): Promise<boolean> {
    if (this.#closed) return false
    const client = this.another({ name: 'probe' })
    const cancel = this.clock.setTimer(within, () => client.disconnect(), { background: true })
    try {
      await client.connect()
      await client.ping()
      return true
    } catch {
      return false
    } finally {
      cancel()
      client.disconnect()
    }
  }

  async #send(how: 'eval' | 'evalsha', script: Script, { key, keys, values }: WrittenCall): Promise<unknown> {
    const { client } = this
    const bytes = how === 'eval' ? values.byText(script, keys) : values.byHash(script, keys)
    this.#silence.asked()
    try {
      return await client.sendCommand(new ScriptCommand(how, script, key, bytes))
    } catch (error) {
      // After a close everything fails for that reason.
      throw this.#closed ? new ClosedError() : error
    } finally {
      this.#silence.answered()
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
