import type { AdapterContext, Backend, BrokerErrorCode, ResultBackend, StateStore } from '@tq/core/driver'
import { storeName } from './broker.ts'
import { redisBackendCapabilities } from './capabilities.ts'
import { classify } from './classify.ts'
import { Connection } from './connection.ts'
import { Hints } from './hints.ts'
import { Keys } from './keys.ts'
import type { ResolvedOptions } from './options.ts'
import { RedisResults } from './results.ts'
import { serverWarnings } from './server-check.ts'
import { readTime } from './server-time.ts'
import { RedisState } from './state/state.ts'

/** Results and state on a Redis. Owns its connections. */
export class RedisBackend implements Backend {
  readonly name = 'redis'
  readonly store?: string
  readonly capabilities = redisBackendCapabilities
  readonly results: ResultBackend
  readonly state: StateStore
  readonly #connection: Connection
  readonly #hints: Hints
  #warnings: readonly string[] | undefined

  constructor(options: ResolvedOptions, { namespace, clock }: AdapterContext) {
    const store = storeName(options, namespace)
    if (store !== undefined) this.store = store
    this.#connection = new Connection(options, new Keys(namespace, options.keyPrefix), clock)
    this.#hints = new Hints(this.#connection)
    this.results = new RedisResults(this.#connection, this.#hints)
    this.state = new RedisState(this.#connection, this.#hints)
  }

  async open(): Promise<void> {
    await this.#connection.open()
    this.#warnings ??= await serverWarnings(this.#connection.client)
  }

  async now(): Promise<number> {
    return await readTime(this.#connection)
  }

  get warnings(): readonly string[] {
    return this.#warnings ?? []
  }

  classify(error: unknown): BrokerErrorCode {
    return classify(error)
  }

  async close(): Promise<void> {
    this.#hints.close()
    this.#connection.close()
  }
}
