import { TqError } from '../errors/tq-error.ts'
import type { Connection } from '../runtime/runtime.ts'
import type { ResolvedSettings } from '../runtime/settings.ts'
import type { AdapterCatalog } from './adapters.ts'
import { openServices, type ServiceOptions } from './open-services.ts'

/** The app's one connection: opened by whoever first needs it, shared by all, closed once. */
export class Connector {
  /** The connection once it is there. */
  connected: Connection | undefined
  readonly #catalog: AdapterCatalog
  #connecting: Promise<Connection> | undefined
  #closed = false

  constructor(catalog: AdapterCatalog) {
    this.#catalog = catalog
  }

  /** @throws TqError `APP_CLOSED`, and what opening the services rejects with */
  connect(services: Partial<ServiceOptions>, settings: ResolvedSettings): Promise<Connection> {
    if (this.#closed)
      return Promise.reject(new TqError('APP_CLOSED', 'The app was closed; create another one.'))
    this.#connecting ??= this.#open(services, settings)
    return this.#connecting
  }

  /** What was sent is accepted first. The next one who needs a connection opens another. */
  async disconnect(): Promise<void> {
    const connection = await this.#connecting?.catch(() => undefined)
    this.#connecting = undefined
    await connection?.publisher.drain()
    await connection?.payloads.close()
    await connection?.broker.close()
    await connection?.backend?.close()
    this.connected = undefined
  }

  /** For good. False when it was closed before. */
  close(): boolean {
    const first = !this.#closed
    this.#closed = true
    return first
  }

  async #open(services: Partial<ServiceOptions>, settings: ResolvedSettings): Promise<Connection> {
    const { broker = process.env['TQ_BROKER_URL'], backend = process.env['TQ_BACKEND_URL'] } = services
    const chosen = { broker: broker || undefined, backend: backend === '' ? undefined : backend }
    try {
      this.connected = await openServices(chosen, this.#catalog, settings)
      return this.connected
    } catch (error) {
      // The next call tries again: a service that was not there yet is no reason to fail for ever.
      this.#connecting = undefined
      throw error
    }
  }
}
