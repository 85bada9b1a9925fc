import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { TaskState } from '@tq/core'
import { Drafts } from './drafts.ts'
import type { DocumentKind } from './parse/document-kind.ts'
import { prepareSchema } from './schema.ts'
import { inTransaction } from './transaction.ts'
import { toVector } from './vectors.ts'

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

/** What processing finds out, besides the passages of the draft. */
export interface FoundOut {
  readonly title: string | null
  readonly words: number
  readonly embeddingVersion: number
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
  /** What the steps of a document leave for one another. */
  readonly drafts: Drafts
  readonly #connection: DatabaseSync

  constructor(connection: DatabaseSync) {
    this.#connection = connection
    this.drafts = new Drafts(connection)
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

  /** Several files that were sent at once. */
  addUpload(uploadId: string, taskIds: readonly string[]): void {
    inTransaction(this.#connection, () => {
      const insert = this.#connection.prepare('INSERT INTO uploads (upload_id, task_id) VALUES (?, ?)')
      for (const taskId of taskIds) insert.run(uploadId, taskId)
    })
  }

  /** The tasks of an upload, in the order of its files; none for an id nobody knows. */
  tasksOfUpload(uploadId: string): readonly string[] {
    const rows = this.#connection
      .prepare('SELECT task_id AS taskId FROM uploads WHERE upload_id = ? ORDER BY rowid')
      .all(uploadId) as unknown as { taskId: string }[]
    return rows.map(({ taskId }) => taskId)
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

  /** From whatever step it is at, on whatever worker. */
  reportProgress(taskId: string, worker: string, progress: number, message: string): void {
    this.#connection
      .prepare(
        `UPDATE tasks SET status = 'STARTED', worker = ?, progress = ?, message = ?
         WHERE task_id = ? AND status <> 'SUCCESS'`,
      )
      .run(worker, progress, message, taskId)
  }

  /** It did not succeed this time (RETRY) or ever (FAILURE, REVOKED). */
  failTask(taskId: string, status: 'RETRY' | 'FAILURE' | 'REVOKED', error: string): void {
    this.#connection
      .prepare(
        `UPDATE tasks SET status = ?, error = ?, finished_at = ? WHERE task_id = ? AND status <> 'SUCCESS'`,
      )
      .run(status, error, status === 'RETRY' ? null : Date.now(), taskId)
  }

  /**
   * Makes the draft the document's passages, and its task a success, in one step: a worker that dies here leaves all of it
   * or nothing. A run that comes after another one's success finds no draft, and leaves everything as it is.
   */
  saveDraft(documentId: number, taskId: string, found: FoundOut): void {
    inTransaction(this.#connection, () => {
      const draft = this.#connection.prepare('SELECT 1 FROM drafts WHERE task_id = ?').get(taskId)
      if (!draft) return
      this.#connection
        .prepare('UPDATE documents SET title = ?, words = ?, embedding_version = ? WHERE id = ?')
        .run(found.title, found.words, found.embeddingVersion, documentId)
      this.#connection.prepare('DELETE FROM passages WHERE document_id = ?').run(documentId)
      this.#connection
        .prepare(
          'INSERT INTO passages SELECT ?, position, text, embedding FROM draft_passages WHERE task_id = ?',
        )
        .run(documentId, taskId)
      this.#connection.prepare('DELETE FROM drafts WHERE task_id = ?').run(taskId)
      this.#connection
        .prepare(
          `UPDATE tasks SET status = 'SUCCESS', progress = 1, message = 'saved', error = NULL, finished_at = ?
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
}

/** Opens the database of a data directory, and makes both where they are missing. */
export function openDatabase(directory: string): DocumentDatabase {
  mkdirSync(directory, { recursive: true })
  const connection = new DatabaseSync(join(directory, 'documents.db'))
  prepareSchema(connection, busyTimeoutMs)
  return new DocumentDatabase(connection)
}
