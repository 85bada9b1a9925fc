import type { Clock } from '@tq/core/driver'
import { Connection } from './connection.ts'
import { ClosedError } from './errors.ts'
import type { ResolvedOptions } from './options.ts'

interface Shared {
  readonly options: ResolvedOptions
  readonly clock: Clock
  readonly opening: Promise<Connection>
  users: number
}

/** The files this process has open. */
const open = new Set<Shared>()

/** A broker's or backend's share of a connection; the last one closes it. */
export class ConnectionShare {
  readonly #options: ResolvedOptions
  readonly #clock: Clock
  #shared: Shared | undefined
  #connection: Connection | undefined
  #closed = false

  constructor(options: ResolvedOptions, clock: Clock) {
    this.#options = options
    this.#clock = clock
  }

  async open(): Promise<Connection> {
    if (this.#closed) throw new ClosedError()
    this.#shared ??= this.#join()
    const shared = this.#shared
    try {
      const connection = await shared.opening
      // Closed meanwhile: the connection is on its way out, too.
      if (this.#closed) throw new ClosedError()
      this.#connection = connection
      return connection
    } catch (error) {
      // The next open() tries anew.
      open.delete(shared)
      if (this.#shared === shared && !this.#connection) this.#shared = undefined
      throw error
    }
  }

  /** @throws ClosedError after `close`, an error before `open` */
  get connection(): Connection {
    if (this.#closed) throw new ClosedError()
    if (this.#connection) return this.#connection
    throw new Error(`'${this.#options.file}' is not open yet: call open() first`)
  }

  async close(): Promise<void> {
    this.#closed = true
    const shared = this.#shared
    this.#shared = undefined
    if (!shared) return
    if (--shared.users > 0) return
    open.delete(shared)
    const connection = await shared.opening.catch(() => undefined)
    await connection?.close()
  }

  #join(): Shared {
    const { file, synchronous, busyTimeoutMs } = this.#options
    for (const shared of open) {
      const { options } = shared
      const same =
        options.file === file &&
        options.synchronous === synchronous &&
        options.busyTimeoutMs === busyTimeoutMs &&
        shared.clock === this.#clock
      if (!same) continue
      shared.users++
      return shared
    }
    const opening = Connection.open(this.#options, this.#clock)
    const shared: Shared = { options: this.#options, clock: this.#clock, opening, users: 1 }
    open.add(shared)
    return shared
  }
}
