import type { Connection } from './connection.ts'
import type { Database } from './database.ts'
import type { Transaction } from './transaction.ts'

const selectQueue = 'SELECT id FROM tq_queues WHERE namespace = ? AND name = ?'

/**
 * The numbers that stand for a namespace and its queues in the tables. Numbers never change and are never given
 * away again, so they are remembered.
 */
export class Names {
  readonly namespace: number
  readonly #queues = new Map<string, number>()

  private constructor(namespace: number) {
    this.namespace = namespace
  }

  static async of(connection: Connection, namespace: string): Promise<Names> {
    const select = 'SELECT id FROM tq_namespaces WHERE name = ?'
    const known = await connection.read((database) => database.get<{ id: number }>(select, namespace))
    if (known) return new Names(known.id)
    const id = await connection.write(false, (transaction) => {
      transaction.run('INSERT INTO tq_namespaces (name) VALUES (?) ON CONFLICT DO NOTHING', namespace)
      return transaction.get<{ id: number }>(select, namespace)?.id ?? 0
    })
    return new Names(id)
  }

  /** The number of a queue; undefined where nobody has used it yet. */
  find(database: Database, name: string): number | undefined {
    return this.#queues.get(name) ?? database.get<{ id: number }>(selectQueue, this.namespace, name)?.id
  }

  /** The number of a queue, which is made where it is missing. */
  queue(transaction: Transaction, name: string): number {
    const known = this.#queues.get(name)
    if (known !== undefined) return known
    const insert = 'INSERT INTO tq_queues (namespace, name) VALUES (?, ?) ON CONFLICT DO NOTHING'
    transaction.run(insert, this.namespace, name)
    const id = transaction.get<{ id: number }>(selectQueue, this.namespace, name)?.id ?? 0
    // Undone with the transaction, the number may go to another queue.
    transaction.afterCommit(() => this.#queues.set(name, id))
    return id
  }
}
