import type { MessageChange, QueueAdmin, QueueCounts } from '@tq/core/driver'
import { changeMessage } from './changing.ts'
import type { Connection } from './connection.ts'
import { count, purge } from './scripts/purge.ts'

/** Looks at queues and empties them. */
export class RedisAdmin implements QueueAdmin {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  async counts(queue: string): Promise<QueueCounts> {
    const { leases, delayed, ready, heldPrefix } = this.#connection.keys.queue(queue)
    const [receivable, waiting, ...receivers] = (await this.#connection.run(
      count,
      [leases, delayed, ...ready],
      [],
    )) as readonly [number, number, ...Buffer[]]
    const { client } = this.#connection
    // Besides its deliveries a receiver's hash has one field more.
    const held = await Promise.all(receivers.map((id) => client.hlen(heldPrefix + String(id))))
    const leased = held.reduce((sum, fields) => sum + Math.max(0, fields - 1), 0)
    return { ready: receivable, leased, delayed: waiting }
  }

  async purge(queue: string): Promise<number> {
    const { wake, delayed, ready } = this.#connection.keys.queue(queue)
    return (await this.#connection.run(purge, [wake, delayed, ...ready], [])) as number
  }

  change(queue: string, id: string, change: MessageChange): Promise<boolean> {
    return changeMessage(this.#connection, queue, id, change)
  }
}
