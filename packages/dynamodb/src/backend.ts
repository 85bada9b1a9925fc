import type {
  AdapterContext,
  Backend,
  BackendCapabilities,
  BrokerErrorCode,
  Millis,
  StateStore,
} from '@tq/core/driver'
import { dynamodbCapabilities } from './capabilities.ts'
import { classify } from './classify.ts'
import { Connection } from './connection.ts'
import { ClosedError } from './errors.ts'
import type { ResolvedOptions } from './options.ts'
import { DynamodbResults } from './results.ts'
import { DynamodbState } from './state/state.ts'
import { checkTable } from './table.ts'

/** The service's clock is known well enough to begin with; more comes with the answers. */
const uncertainEnoughMs: Millis = 500
/** Asked for the time so often, so far apart: within a second the full one is seen. */
const questions: { readonly most: number; readonly apartMs: Millis } = { most: 10, apartMs: 100 }

/** Results and state in a table. Owns its client. */
export class DynamodbBackend implements Backend {
  readonly name = 'dynamodb'
  readonly capabilities: BackendCapabilities
  readonly results: DynamodbResults
  readonly state: StateStore
  readonly #connection: Connection
  #opening: Promise<void> | undefined

  constructor(options: ResolvedOptions, { namespace, clock }: AdapterContext) {
    this.capabilities = dynamodbCapabilities(options.heartbeatMs)
    this.#connection = new Connection(options, namespace, clock)
    this.results = new DynamodbResults(this.#connection)
    this.state = new DynamodbState(this.#connection)
  }

  open(): Promise<void> {
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined
      throw error
    })
    return this.#opening
  }

  async now(): Promise<number> {
    const { earliest, latest } = this.#connection.now()
    return (earliest + latest) / 2
  }

  classify(error: unknown): BrokerErrorCode {
    return classify(error)
  }

  async close(): Promise<void> {
    this.#connection.close()
  }

  async #open(): Promise<void> {
    const connection = this.#connection
    await checkTable(connection)
    connection.opened()
    this.results.opened()
    for (let asked = 0; asked < questions.most; asked++) {
      if (connection.time.uncertaintyMs <= uncertainEnoughMs) return
      await connection.sleep(questions.apartMs)
      await connection.get(connection.keys.single('value', 'the time')).catch((error: unknown) => {
        if (error instanceof ClosedError) throw error
      })
    }
  }
}
