import type { AdapterContext, Backend, BrokerErrorCode, ResultBackend, StateStore } from '@tq/core/driver'
import { postgresCapabilities } from './capabilities.ts'
import { classify } from './classify.ts'
import { Connection } from './connection.ts'
import { Hints } from './hints.ts'
import type { ResolvedOptions } from './options.ts'
import { PostgresResults } from './results.ts'
import { PostgresState } from './state/state.ts'
import type { Sql } from './statement.ts'
import { Sweeper } from './sweeper.ts'

const clock: Sql = 'SELECT extract(epoch FROM clock_timestamp())::double precision * 1000 AS now'

/** Results and state in a schema of a database. Owns its connections, unless a pool was handed in. */
export class PostgresBackend implements Backend {
  readonly name = 'postgres'
  readonly capabilities = postgresCapabilities
  readonly results: ResultBackend
  readonly state: StateStore
  readonly #connection: Connection
  readonly #hints: Hints
  readonly #sweeper: Sweeper

  constructor(options: ResolvedOptions, { namespace, clock }: AdapterContext) {
    this.#connection = new Connection(options, namespace, clock)
    this.#hints = new Hints(this.#connection)
    this.#sweeper = new Sweeper(this.#connection)
    this.results = new PostgresResults(this.#connection, this.#hints)
    this.state = new PostgresState(this.#connection, this.#hints)
  }

  async open(): Promise<void> {
    await this.#connection.open()
    this.#sweeper.start()
  }

  async now(): Promise<number> {
    const { rows } = await this.#connection.query<{ now: number }>(clock, [])
    return rows[0]?.now ?? Number.NaN
  }

  classify(error: unknown): BrokerErrorCode {
    return classify(error)
  }

  async close(): Promise<void> {
    this.#sweeper.close()
    await this.#hints.close()
    await this.#connection.close()
  }
}
