import type { AdapterContext, Backend, BrokerErrorCode, ResultBackend, StateStore } from '@tq/core/driver'
import { storeName } from './broker.ts'
import { sqliteBackendCapabilities } from './capabilities.ts'
import { classify } from './classify.ts'
import { Names } from './names.ts'
import type { ResolvedOptions } from './options.ts'
import { SqliteResults } from './results.ts'
import { ConnectionShare } from './shared-connection.ts'
import { SqliteState } from './state/state.ts'

/** Results and state in a file. Owns its share of the connection. */
export class SqliteBackend implements Backend {
  readonly name = 'sqlite'
  readonly store: string
  readonly capabilities = sqliteBackendCapabilities
  readonly results: ResultBackend
  readonly state: StateStore
  readonly #namespace: string
  readonly #share: ConnectionShare
  #names: Names | undefined

  constructor(options: ResolvedOptions, { namespace, clock }: AdapterContext) {
    this.store = storeName(options, namespace)
    this.#namespace = namespace
    this.#share = new ConnectionShare(options, clock)
    const ready = () => {
      const { connection } = this.#share
      if (!this.#names) throw new Error('call open() first')
      return { connection, namespace: this.#names.namespace }
    }
    this.results = new SqliteResults(ready)
    this.state = new SqliteState(ready)
  }

  async open(): Promise<void> {
    const connection = await this.#share.open()
    this.#names ??= await Names.of(connection, this.#namespace)
  }

  async now(): Promise<number> {
    return await this.#share.connection.read((_, now) => now)
  }

  classify(error: unknown): BrokerErrorCode {
    return classify(error)
  }

  close(): Promise<void> {
    return this.#share.close()
  }
}
