import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { TaskState } from '@tq/core'
import { dimensions } from './embed.ts'
import type { DocumentKind } from './parse/document-kind.ts'
import { prepareSchema } from './schema.ts'

/** How long to wait for another process's transaction. All of ours take milliseconds. */
const busyTimeoutMs = 5_000

export interface NewDocument {
  readonly fileName: string
  readonly kind: DocumentKind
  readonly path: string
  readonly bytes: number
}

export interface StoredDocument extends NewDocument {
  readonly id: number
  readonly title: string | null
  /** Null until it has been processed. */
  readonly words: number | null
}

/** What processing finds out. */
export interface ProcessedDocument {
  readonly title: string | null
  readonly words: number
  readonly embeddingVersion: number
  readonly passages: readonly { readonly text: string; readonly embedding: Float32Array }[]
}

export interface TaskRow {
  readonly taskId: string
  readonly documentId: number
  readonly fileName: string
  readonly kind: DocumentKind
  readonly status: TaskState
  readonly progress: number
  readonly message: string | null
  readonly error: string | null
  readonly worker: string | null
  readonly startedAt: number | null
  readonly finishedAt: number | null
}

export interface StoredPassage {
  readonly documentId: number
  readonly text: string
  readonly embedding: Float32Array
}

/** The app's own database: documents, their passages, and a row for each task. Any number of processes may have it open. */
export class DocumentDatabase {
  readonly #connection: DatabaseSync

  constructor(connection: DatabaseSync) {
    this.#connection = connection
  }

  /** Returns its id. */
  addDocument({ fileName, kind, path, bytes }: NewDocument): number {
    const { lastInsertRowid } = this.#connection
      .prepare('INSERT INTO documents (file_name, kind, path, bytes, uploaded_at) VALUES (?, ?, ?, ?, ?)')
      .run(fileName, kind, path, bytes, Date.now())
    return Number(lastInsertRowid)
  }

  /** With its tasks and passages. */
  removeDocument(id: number): void {
    this.#connection.prepare('DELETE FROM documents WHERE id = ?').run(id)
  }

  findDocument(id: number): StoredDocument | undefined {
    return this.#connection
      .prepare(
        'SELECT id, file_name AS fileName, kind, path, bytes, title, words FROM documents WHERE id = ?',
      )
      .get(id) as StoredDocument | undefined
  }

  /** Documents whose vectors another version made. Those that could not be read are not among them. */
  outdatedDocuments(embeddingVersion: number): readonly { readonly id: number; readonly path: string }[] {
    return this.#connection
      .prepare('SELECT id, path FROM documents WHERE embedding_version <> ? ORDER BY id')
      .all(embeddingVersion) as unknown as { id: number; path: string }[]
  }

  hasPath(path: string): boolean {
    return this.#connection.prepare('SELECT 1 FROM documents WHERE path = ?').get(path) !== undefined
  }

  addTask(taskId: string, taskType: string, documentId: number): void {
    this.#connection
      .prepare('INSERT INTO tasks (task_id, task_type, document_id, created_at) VALUES (?, ?, ?, ?)')
      .run(taskId, taskType, documentId, Date.now())
  }

  findTask(taskId: string): TaskRow | undefined {
    return this.#connection
      .prepare(
        `SELECT task_id AS taskId, document_id AS documentId, file_name AS fileName, kind, status, progress, message,
           error, worker, started_at AS startedAt, finished_at AS finishedAt
         FROM tasks JOIN documents ON documents.id = tasks.document_id WHERE task_id = ?`,
      )
      .get(taskId) as TaskRow | undefined
  }

  // A task may run twice, and two runs may overlap. Hence a row that says SUCCESS stays as it is: its document is stored.

  startTask(taskId: string, worker: string): void {
    this.#connection
      .prepare(
        `UPDATE tasks SET status = 'STARTED', progress = 0, message = NULL, error = NULL, worker = ?, started_at = ?,
           finished_at = NULL
         WHERE task_id = ? AND status <> 'SUCCESS'`,
      )
      .run(worker, Date.now(), taskId)
  }

  reportProgress(taskId: string, progress: number, message: string): void {
    this.#connection
      .prepare(`UPDATE tasks SET progress = ?, message = ? WHERE task_id = ? AND status <> 'SUCCESS'`)
      .run(progress, message, taskId)
  }

  /** It did not succeed this time (RETRY) or ever (FAILURE, REVOKED). */
  failTask(taskId: string, status: 'RETRY' | 'FAILURE' | 'REVOKED', error: string): void {
    this.#connection
      .prepare(
        `UPDATE tasks SET status = ?, error = ?, finished_at = ? WHERE task_id = ? AND status <> 'SUCCESS'`,
      )
      .run(status, error, status === 'RETRY' ? null : Date.now(), taskId)
  }

  /** All that was found out, and the end of the task, in one step: a worker that dies here leaves all of it or nothing. */
  saveDocument(documentId: number, taskId: string, { passages, ...found }: ProcessedDocument): void {
    this.#inTransaction(() => {
      this.#connection
        .prepare('UPDATE documents SET title = ?, words = ?, embedding_version = ? WHERE id = ?')
        .run(found.title, found.words, found.embeddingVersion, documentId)
      this.#connection.prepare('DELETE FROM passages WHERE document_id = ?').run(documentId)
      const insert = this.#connection.prepare('INSERT INTO passages VALUES (?, ?, ?, ?)')
      for (const [position, { text, embedding }] of passages.entries()) {
        insert.run(documentId, position, text, toBytes(embedding))
      }
      this.#connection
        .prepare(
          `UPDATE tasks SET status = 'SUCCESS', progress = 1, message = 'done', error = NULL, finished_at = ?
           WHERE task_id = ? AND status <> 'SUCCESS'`,
        )
        .run(Date.now(), taskId)
    })
  }

  *passages(): Generator<StoredPassage> {
    const rows = this.#connection
      .prepare('SELECT document_id AS documentId, text, embedding FROM passages')
      .iterate() as Iterable<unknown>
    for (const row of rows as Iterable<StoredPassage & { readonly embedding: Uint8Array }>) {
      yield { ...row, embedding: toVector(row.embedding) }
    }
  }

  close(): void {
    this.#connection.close()
  }

  #inTransaction(change: () => void): void {
    // IMMEDIATE: waits for its turn at the start, where waiting works, rather than failing halfway.
    this.#connection.exec('BEGIN IMMEDIATE')
    try {
      change()
      this.#connection.exec('COMMIT')
    } catch (error) {
      this.#connection.exec('ROLLBACK')
      throw error
    }
  }
}

/** Opens the database of a data directory, and makes both where they are missing. */
export function openDatabase(directory: string): DocumentDatabase {
  mkdirSync(directory, { recursive: true })
  const connection = new DatabaseSync(join(directory, 'documents.db'), { timeout: busyTimeoutMs })
  prepareSchema(connection)
  return new DocumentDatabase(connection)
}

function toBytes(vector: Float32Array): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength)
}

/** A copy, for the bytes need not begin where a float may. */
function toVector(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.slice().buffer, 0, dimensions)
}
