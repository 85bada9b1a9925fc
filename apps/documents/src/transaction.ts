import type { DatabaseSync } from 'node:sqlite'

/** All of the change or nothing. */
export function inTransaction(connection: DatabaseSync, change: () => void): void {
  // IMMEDIATE: waits for its turn at the start, where waiting works, rather than failing halfway.
  connection.exec('BEGIN IMMEDIATE')
  try {
    change()
    connection.exec('COMMIT')
  } catch (error) {
    connection.exec('ROLLBACK')
    throw error
  }
}
