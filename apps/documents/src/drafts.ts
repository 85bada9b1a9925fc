import type { DatabaseSync } from 'node:sqlite'
import { Reject } from '@tq/core'
import { inTransaction } from './transaction.ts'
import { toBytes } from './vectors.ts'

/** Older drafts belong to nobody any more: no task of ours takes so long. */
const longestMs = 86_400_000

export interface Passage {
  readonly text: string
  readonly embedding: Float32Array
}

/**
 * What one step of a document leaves for the next: too large for a message. Each way through the steps has its own, so
 * that a document may be on its way twice.
 */
export class Drafts {
  readonly #connection: DatabaseSync

  constructor(connection: DatabaseSync) {
    this.#connection = connection
  }

  keepText(taskId: string, documentId: number, text: string): void {
    this.#connection
      .prepare(
        `INSERT INTO drafts (task_id, document_id, text, created_at) VALUES (?, ?, ?, ?)
         ON CONFLICT (task_id) DO UPDATE SET text = excluded.text`,
      )
      .run(taskId, documentId, text, Date.now())
  }

  /** @throws Reject when it is gone: the document was deleted, or is saved already. */
  text(taskId: string, documentId: number): string {
    const row = this.#connection
      .prepare('SELECT text FROM drafts WHERE task_id = ? AND document_id = ?')
      .get(taskId, documentId) as { text: string } | undefined
    if (!row) throw new Reject(`There is no draft of document ${documentId}.`)
    return row.text
  }

  /** In the place of those that an earlier run left. */
  keepPassages(taskId: string, passages: readonly Passage[]): void {
    inTransaction(this.#connection, () => {
      this.#connection.prepare('DELETE FROM draft_passages WHERE task_id = ?').run(taskId)
      const insert = this.#connection.prepare('INSERT INTO draft_passages VALUES (?, ?, ?, ?)')
      for (const [position, { text, embedding }] of passages.entries()) {
        insert.run(taskId, position, text, toBytes(embedding))
      }
    })
  }

  removeOld(): void {
    this.#connection.prepare('DELETE FROM drafts WHERE created_at < ?').run(Date.now() - longestMs)
  }
}
