import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DocumentDatabase, openDatabase } from '../src/database.ts'

/** A database in a folder of its own, which goes when the test ends. */
export function temporaryDatabase(): DocumentDatabase & Disposable {
  const directory = mkdtempSync(join(tmpdir(), 'tq-documents-test-'))
  const database = openDatabase(directory)
  const dispose = () => {
    database.close()
    rmSync(directory, { recursive: true })
  }
  return Object.assign(database, { [Symbol.dispose]: dispose })
}
