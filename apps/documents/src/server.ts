import { rm } from 'node:fs/promises'
import { TqError, type TqErrorCode } from '@tq/core'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { DocumentDatabase } from './database.ts'
import { addPage } from './page/add-page.ts'
import { type DocumentKind, documentKind, readableKinds } from './parse/document-kind.ts'
import { type StoredFile, submitDocument, submitUpload } from './pipeline.ts'
import { search } from './search.ts'
import { taskStatus, uploadStatus } from './task-status.ts'
import { safeFileName, storeUpload } from './uploads.ts'

export interface ServerOptions {
  readonly database: DocumentDatabase
  readonly directory: string
  /** The largest file, in bytes. @default 20 MiB */
  readonly maxFileBytes?: number
}

/** How many files one request may bring. */
const mostFiles = 20
/** How much larger than the largest file a request may be: several files, and the form around them. */
const requestFiles = 5

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

  addPage(server)

  server.post(
    '/upload',
    bodyLimit({ maxSize: requestFiles * maxFileBytes, onError: (c) => c.json(tooLarge, 413) }),
    async (c) => {
      const form = await c.req.parseBody({ all: true }).catch((): { file?: undefined } => ({}))
      const files = [form['file']].flat().filter((file) => file instanceof File)
      if (files.length === 0) return c.json({ error: "Send a form with a file, named 'file'." }, 400)
      if (files.length > mostFiles) return c.json({ error: `Send at most ${mostFiles} files at once.` }, 413)
      const checked: CheckedFile[] = []
      for (const file of files) {
        if (file.size === 0) return c.json({ error: 'The file is empty.' }, 400)
        if (file.size > maxFileBytes) return c.json(tooLarge, 413)
        const fileName = safeFileName(file.name)
        const bytes = new Uint8Array(await file.arrayBuffer())
        const kind = documentKind(fileName, bytes)
        if (!kind) return c.json({ error: `'${fileName}' is not ${readableKinds}.` }, 415)
        checked.push({ fileName, kind, bytes })
      }
      return await submit(c, { database, directory }, checked)
    },
  )

  server.get('/tasks/:id', async (c) => {
    const status = await taskStatus(database, c.req.param('id'))
    return status ? c.json(status) : c.json({ error: 'Task not found' }, 404)
  })

  server.get('/uploads/:id', async (c) => {
    const status = await uploadStatus(database, c.req.param('id'))
    return status ? c.json(status) : c.json({ error: 'Upload not found' }, 404)
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

interface CheckedFile {
  readonly fileName: string
  readonly kind: DocumentKind
  readonly bytes: Uint8Array
}

/** Keeps the files and sends their work: one document alone, several as one workflow. All of them or none. */
async function submit(
  c: Context,
  { database, directory }: Pick<ServerOptions, 'database' | 'directory'>,
  files: readonly CheckedFile[],
) {
  const stored: (StoredFile & { readonly fileName: string })[] = []
  try {
    for (const { fileName, kind, bytes } of files) {
      const path = await storeUpload(directory, fileName, bytes)
      const documentId = database.addDocument({ fileName, kind, path, bytes: bytes.byteLength })
      stored.push({ documentId, path, fileName })
    }
    const [only] = stored
    if (only && stored.length === 1) {
      const taskId = await submitDocument(database, only.documentId, only.path)
      const message = 'The document will be processed; ask for the result later.'
      c.header('Location', `/tasks/${taskId}`)
      return c.json({ task_id: taskId, status: 'processing', message }, 202)
    }
    const { uploadId, taskIds } = await submitUpload(database, stored)
    const message = 'The documents will be processed; ask for the result later.'
    const tasks = taskIds.map((task_id, index) => ({ task_id, file_name: stored[index]?.fileName }))
    c.header('Location', `/uploads/${uploadId}`)
    return c.json({ upload_id: uploadId, status: 'processing', message, tasks }, 202)
  } catch (error) {
    // Should a task have been queued after all, it finds no document and ends.
    for (const { documentId, path } of stored) {
      database.removeDocument(documentId)
      await rm(path, { force: true })
    }
    throw error
  }
}

function isBusy(error: Error): boolean {
  return error instanceof TqError && busy.has(error.code)
}
