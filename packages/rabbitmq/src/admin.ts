import type { QueueAdmin, QueueCounts } from '@tq/core/driver'
import type { Link } from './link.ts'
import type { Topology } from './topology.ts'

/** Looks at queues and empties them. AMQP tells of a queue what is ready in it, and nothing else. */
export class RabbitAdmin implements QueueAdmin {
  readonly #link: Link
  readonly #topology: Topology

  constructor(link: Link, topology: Topology) {
    this.#link = link
    this.#topology = topology
  }

  async counts(queue: string): Promise<QueueCounts> {
    await this.#topology.require(queue)
    const live = await this.#link.get()
    const { all } = this.#topology.names(queue)
    const replies = await live.aside((channel) => Promise.all(all.map((name) => channel.checkQueue(name))))
    const ready = replies.reduce((sum, { messageCount }) => sum + messageCount, 0)
    return { ready, leased: undefined, delayed: undefined }
  }

  async purge(queue: string): Promise<number> {
    await this.#topology.require(queue)
    const live = await this.#link.get()
    const { all } = this.#topology.names(queue)
    const replies = await live.aside((channel) => Promise.all(all.map((name) => channel.purgeQueue(name))))
    return replies.reduce((sum, { messageCount }) => sum + messageCount, 0)
  }
}
