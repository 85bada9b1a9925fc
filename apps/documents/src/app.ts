import { type App, createApp } from '@tq/core'
import { dataDirectory } from './data-directory.ts'
import { type DocumentDatabase, openDatabase } from './database.ts'
import { rowOfStep } from './task-ids.ts'

/** The broker is nobody's business here: TQ_BROKER_URL and TQ_BACKEND_URL choose it where the app is deployed. */
export const app: App<DocumentDatabase> = createApp({
  /** Each worker has the database open, once; its tasks find it in `ctx.state`. */
  startup: () => {
    const database = openDatabase(dataDirectory())
    // A run that throws cannot tell its row whether it will be tried again. The worker knows.
    app.on('retried', ({ id, error }) => database.failTask(rowOfStep(id), 'RETRY', error.message))
    app.on('failed', ({ id, error }) => database.failTask(rowOfStep(id), 'FAILURE', error.message))
    app.on('revoked', ({ id, reason }) => database.failTask(rowOfStep(id), 'REVOKED', reason))
    return database
  },
  shutdown: (database) => database.close(),
})
