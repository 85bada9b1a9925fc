import { TqError } from '@tq/core/driver'
import type { Database } from './database.ts'

/** Rises with every change of the tables. Older and newer processes share a file as long as the number is known. */
const layout = 2

/**
 * The tables. Every name starts with `tq_`, so that a file may hold an application's own tables too.
 *
 * A message is one row from publish to ack; its state is which of three partial indexes it is in:
 *
 * - ready: no receiver, no due time. In the order of leasing, since `seq` ends every index.
 * - delayed: a due time. Moves to ready, with a new `seq`, once that has come.
 * - held: a receiver has it. `delivery` tells two leases of one receiver apart.
 *
 * A receiver's row is the lease of all it holds: without the row nothing is held any more.
 */
const tables = `
CREATE TABLE IF NOT EXISTS tq_namespaces (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE IF NOT EXISTS tq_queues (
  id INTEGER PRIMARY KEY,
  namespace INTEGER NOT NULL,
  name TEXT NOT NULL,
  UNIQUE (namespace, name)
) STRICT;

CREATE TABLE IF NOT EXISTS tq_messages (
  seq INTEGER PRIMARY KEY,
  queue INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  due INTEGER,
  receiver INTEGER,
  delivery INTEGER,
  lost INTEGER NOT NULL,
  sent INTEGER NOT NULL,
  id TEXT NOT NULL,
  headers TEXT,
  body BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS tq_ready ON tq_messages (queue, priority DESC)
  WHERE receiver IS NULL AND due IS NULL;
CREATE INDEX IF NOT EXISTS tq_delayed ON tq_messages (queue, due) WHERE due IS NOT NULL;
CREATE INDEX IF NOT EXISTS tq_held ON tq_messages (queue, receiver) WHERE receiver IS NOT NULL;

CREATE TABLE IF NOT EXISTS tq_receivers (
  id INTEGER PRIMARY KEY,
  queue INTEGER NOT NULL,
  deadline INTEGER NOT NULL,
  lease INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS tq_receivers_deadline ON tq_receivers (deadline);
CREATE INDEX IF NOT EXISTS tq_receivers_queue ON tq_receivers (queue);

CREATE TABLE IF NOT EXISTS tq_records (
  namespace INTEGER NOT NULL,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  queue TEXT NOT NULL,
  state INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  ttl INTEGER NOT NULL,
  mark INTEGER NOT NULL,
  stored INTEGER NOT NULL,
  sweep INTEGER NOT NULL,
  run TEXT,
  -- When the task's first record was stored. Rows are in its order.
  first INTEGER NOT NULL DEFAULT 0,
  detail TEXT NOT NULL,
  UNIQUE (namespace, id)
) STRICT;
CREATE INDEX IF NOT EXISTS tq_records_sweep ON tq_records (sweep);
-- Tasks that succeeded are nearly all: those are found without it.
CREATE INDEX IF NOT EXISTS tq_records_state ON tq_records (namespace, state) WHERE state <> 3;

CREATE TABLE IF NOT EXISTS tq_sequence (
  id INTEGER PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS tq_values (
  namespace INTEGER NOT NULL,
  key TEXT NOT NULL,
  version INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  value TEXT NOT NULL,
  UNIQUE (namespace, key)
) STRICT;
CREATE INDEX IF NOT EXISTS tq_values_expires ON tq_values (expires);

CREATE TABLE IF NOT EXISTS tq_members (
  namespace INTEGER NOT NULL,
  collection TEXT NOT NULL,
  member TEXT NOT NULL,
  expires INTEGER NOT NULL,
  value TEXT NOT NULL,
  UNIQUE (namespace, collection, member)
) STRICT;
CREATE INDEX IF NOT EXISTS tq_members_expires ON tq_members (expires);

CREATE TABLE IF NOT EXISTS tq_joins (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  namespace INTEGER NOT NULL,
  name TEXT NOT NULL,
  sealed INTEGER NOT NULL,
  total INTEGER NOT NULL,
  done INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  UNIQUE (namespace, name)
) STRICT;
CREATE INDEX IF NOT EXISTS tq_joins_expires ON tq_joins (expires);
CREATE TABLE IF NOT EXISTS tq_children (
  place INTEGER PRIMARY KEY,
  parent INTEGER NOT NULL,
  child TEXT NOT NULL,
  value TEXT,
  UNIQUE (parent, child)
) STRICT;
CREATE INDEX IF NOT EXISTS tq_children_reported ON tq_children (parent, place) WHERE value IS NOT NULL;

CREATE TABLE IF NOT EXISTS tq_parked (
  namespace INTEGER NOT NULL,
  lot TEXT NOT NULL,
  key TEXT NOT NULL,
  due INTEGER NOT NULL,
  -- When it is seen: due, or the end of the lease of whoever took it.
  seen INTEGER NOT NULL,
  value TEXT NOT NULL,
  UNIQUE (namespace, lot, key)
) STRICT;
CREATE INDEX IF NOT EXISTS tq_parked_seen ON tq_parked (namespace, lot, seen);

CREATE TABLE IF NOT EXISTS tq_places (
  namespace INTEGER NOT NULL,
  key TEXT NOT NULL,
  holder TEXT NOT NULL,
  token INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  UNIQUE (namespace, key, holder)
) STRICT;
CREATE INDEX IF NOT EXISTS tq_places_expires ON tq_places (expires);

CREATE TABLE IF NOT EXISTS tq_rates (
  namespace INTEGER NOT NULL,
  key TEXT NOT NULL,
  tokens REAL NOT NULL,
  updated INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  UNIQUE (namespace, key)
) STRICT;
CREATE INDEX IF NOT EXISTS tq_rates_expires ON tq_rates (expires);

CREATE TABLE IF NOT EXISTS tq_counts (
  namespace INTEGER NOT NULL,
  key TEXT NOT NULL,
  field TEXT NOT NULL,
  value REAL NOT NULL,
  expires INTEGER NOT NULL,
  UNIQUE (namespace, key, field)
) STRICT;
CREATE INDEX IF NOT EXISTS tq_counts_expires ON tq_counts (expires);
`

/**
 * Makes a file ours: idempotent, and safe when several processes open a new file at once, because all of it
 * happens in one write transaction. Throws SQLite's busy error while another process is at it.
 *
 * @throws TqError `INVALID_OPTION` when a newer tq has changed the tables
 */
export function prepareSchema(database: Database): void {
  database.exec('PRAGMA journal_mode = WAL')
  if (versionOf(database) === layout) return
  database.exec('BEGIN IMMEDIATE')
  try {
    const version = versionOf(database)
    if (version > layout) {
      throw new TqError(
        'INVALID_OPTION',
        `The file was written by a newer tq (layout ${version}, this one knows ${layout}). Update @tq/sqlite in every process that uses it.`,
        { details: { layout: version, known: layout } },
      )
    }
    database.exec('CREATE TABLE IF NOT EXISTS tq_layout (version INTEGER NOT NULL) STRICT')
    if (version === 1) database.exec('ALTER TABLE tq_records ADD COLUMN first INTEGER NOT NULL DEFAULT 0')
    database.exec(tables)
    database.exec('INSERT INTO tq_sequence VALUES (1, 0) ON CONFLICT DO NOTHING')
    database.exec(`DELETE FROM tq_layout; INSERT INTO tq_layout VALUES (${layout})`)
    database.exec('COMMIT')
  } catch (error) {
    if (database.inTransaction) database.exec('ROLLBACK')
    throw error
  }
}

/** 0 where nothing of ours is there. */
function versionOf(database: Database): number {
  const known = database.get("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'tq_layout'")
  if (!known) return 0
  return database.get<{ version: number }>('SELECT version FROM tq_layout')?.version ?? 0
}
