import { join, resolve } from 'node:path'

/** Where uploads and the app's own database live: `DOCUMENTS_DATA`, else beside the app, wherever it is started. */
export function dataDirectory(): string {
  return resolve(process.env['DOCUMENTS_DATA'] || join(import.meta.dirname, '../.tq/documents'))
}
