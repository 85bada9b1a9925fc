import { rm } from 'node:fs/promises'
import { TqError, type TqErrorCode } from '@tq/core'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { DocumentDatabase } from './database.ts'
import { documentKind, readableKinds } from './parse/document-kind.ts'
import { search } from './search.ts'
import { taskStatus } from './task-status.ts'
import { submitDocument } from './tasks.ts'
import { safeFileName, storeUpload } from './uploads.ts'

export interface ServerOptions {
  readonly database: DocumentDatabase
  readonly directory: string
  /** The largest file, in bytes. @default 20 MiB */
  readonly maxFileBytes?: number
}

/** What the form around a file may add. */
const formBytes = 16_384

/** What passes by itself. Everything else is a fault of ours. */
const busy: ReadonlySet<TqErrorCode> = new Set([
  'BROKER_UNREACHABLE',
  'BROKER_FULL',
  'BROKER_BLOCKED',
  'QUEUE_FULL',
  'PUBLISH_UNKNOWN',
])

/** The HTTP service. It only takes note of work; workers do it. */
export function createServer({ database, directory, maxFileBytes = 20 * 1024 * 1024 }: ServerOptions): Hono {
  const server = new Hono()
  const tooLarge = { error: `The file is larger than ${maxFileBytes} bytes.` }

  server.post(
    '/upload',
    bodyLimit({ maxSize: maxFileBytes + formBytes, onError: (c) => c.json(tooLarge, 413) }),
    async (c) => {
      const { file } = await c.req.parseBody().catch(() => ({ file: undefined }))
      if (!(file instanceof File)) return c.json({ error: "Send a form with one file, named 'file'." }, 400)
      if (file.size === 0) return c.json({ error: 'The file is empty.' }, 400)
      if (file.size > maxFileBytes) return c.json(tooLarge, 413)
      const fileName = safeFileName(file.name)
      const bytes = new Uint8Array(await file.arrayBuffer())
      const kind = documentKind(fileName, bytes)
      if (!kind) return c.json({ error: `'${fileName}' is not ${readableKinds}.` }, 415)

      const path = await storeUpload(directory, fileName, bytes)
      const documentId = database.addDocument({ fileName, kind, path, bytes: bytes.byteLength })
      const taskId = await submitDocument(database, documentId, path).catch(async (error: unknown) => {
        // Should the task have been queued after all, it finds no document and ends.
        database.removeDocument(documentId)
        await rm(path, { force: true })
        throw error
      })
      c.header('Location', `/tasks/${taskId}`)
      const message = 'The document will be processed; ask for the result later.'
      return c.json({ task_id: taskId, status: 'processing', message }, 202)
    },
  )

  server.get('/tasks/:id', async (c) => {
    const status = await taskStatus(database, c.req.param('id'))
    return status ? c.json(status) : c.json({ error: 'Task not found' }, 404)
  })

  server.get('/search', (c) => {
    const query = c.req.query('q')?.trim()
    if (!query) return c.json({ error: "Say what to search for: '/search?q=…'." }, 400)
    return c.json({ query, hits: search(database, query) })
  })

  server.onError((error, c) => {
    console.error(error)
    // The queue is down or full: the client may come again, and nothing was promised to it.
    if (isBusy(error))
      return c.json({ error: 'The queue takes no work at the moment.' }, 503, { 'Retry-After': '5' })
    return c.json({ error: 'Something went wrong here.' }, 500)
  })

  return server
}

function isBusy(error: Error): boolean {
  return error instanceof TqError && busy.has(error.code)
}
