import type { DatabaseSync } from 'node:sqlite'

const statements = `
  CREATE TABLE IF NOT EXISTS documents (
    id INTEGER PRIMARY KEY,
    file_name TEXT NOT NULL,
    kind TEXT NOT NULL,
    path TEXT NOT NULL UNIQUE,
    bytes INTEGER NOT NULL,
    uploaded_at INTEGER NOT NULL,
    title TEXT,
    words INTEGER,
    embedding_version INTEGER
  ) STRICT;

  -- What the app itself knows of its background work, in the words its users know (PENDING, STARTED, …).
  CREATE TABLE IF NOT EXISTS tasks (
    id INTEGER PRIMARY KEY,
    task_id TEXT NOT NULL UNIQUE,
    task_type TEXT NOT NULL,
    document_id INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    status TEXT NOT NULL DEFAULT 'PENDING',
    progress REAL NOT NULL DEFAULT 0,
    message TEXT,
    error TEXT,
    worker TEXT,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER
  ) STRICT;
  CREATE INDEX IF NOT EXISTS tasks_by_document ON tasks (document_id);

  -- Files that were sent together.
  CREATE TABLE IF NOT EXISTS uploads (
    upload_id TEXT NOT NULL,
    task_id TEXT NOT NULL UNIQUE REFERENCES tasks (task_id) ON DELETE CASCADE
  ) STRICT;
  CREATE INDEX IF NOT EXISTS uploads_by_id ON uploads (upload_id);

  -- What one step leaves for the next, by the way it belongs to: a document may be on its way twice.
  CREATE TABLE IF NOT EXISTS drafts (
    task_id TEXT PRIMARY KEY,
    document_id INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    text TEXT NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS draft_passages (
    task_id TEXT NOT NULL REFERENCES drafts (task_id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    text TEXT NOT NULL,
    embedding BLOB NOT NULL,
    PRIMARY KEY (task_id, position)
  ) STRICT, WITHOUT ROWID;

  -- Numbered within their document, so that processing it again replaces them and adds none.
  CREATE TABLE IF NOT EXISTS passages (
    document_id INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    text TEXT NOT NULL,
    embedding BLOB NOT NULL,
    PRIMARY KEY (document_id, position)
  ) STRICT, WITHOUT ROWID;
`

/** Rises with every change of the tables. */
const version = 1

/**
 * Creates what is missing. Several processes may do so at once, as a server and its workers do when they start together:
 * on a busy machine the last of them waits for longer than it would later for anything.
 */
export function prepareSchema(connection: DatabaseSync, busyTimeoutMs: number): void {
  connection.exec('PRAGMA busy_timeout = 30000')
  // Readers do not wait for the writer, nor it for them.
  connection.exec('PRAGMA journal_mode = WAL')
  if (connection.prepare('PRAGMA user_version').get()?.['user_version'] !== version) {
    connection.exec('BEGIN IMMEDIATE')
    connection.exec(statements)
    connection.exec(`PRAGMA user_version = ${version}`)
    connection.exec('COMMIT')
  }
  connection.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`)
}
