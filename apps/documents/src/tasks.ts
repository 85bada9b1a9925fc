import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { type Priority, Reject } from '@tq/core'
import { z } from 'zod'
import { app } from './app.ts'
import { dataDirectory } from './data-directory.ts'
import type { DocumentDatabase } from './database.ts'
import { embed, embeddingVersion } from './embed.ts'
import { parseDocument } from './parse/parse-document.ts'
import { UnreadableDocument } from './parse/parsed-document.ts'
import { splitPassages } from './passages.ts'
import { progressReporter } from './progress-reporter.ts'
import { removeOrphans } from './uploads.ts'
import { countWords } from './words.ts'

/**
 * Makes an uploaded document searchable. The message carries where the file is, not the file. Running it again, also
 * at the same time, leaves the same rows.
 */
export const processDocument = app.task({
  name: 'document.process',
  input: z.object({ path: z.string().min(1), documentId: z.int().positive() }),
  queue: 'documents',
  // Somebody is waiting for it.
  priority: 7,
  retry: {
    maxRetries: 3,
    backoff: { type: 'exponential', base: '1s', max: '5m' },
    retryIf: (error) => !(error instanceof UnreadableDocument),
  },
  softTimeLimit: '270s',
  timeLimit: '300s',
  run: async ({ path, documentId }, ctx) => {
    const database = ctx.state
    const document = database.findDocument(documentId)
    if (!document) throw new Reject(`Document ${documentId} was deleted.`)
    database.startTask(ctx.id, String(process.pid))
    const report = progressReporter(ctx)

    report(0, 'reading')
    const bytes = await readFile(path, { signal: ctx.signal })
    const { title = null, text } = await parseDocument(document.kind, bytes, {
      signal: ctx.signal,
      onProgress: (fraction) => report(fraction * 0.5, 'parsing'),
    })
    report(0.5, 'parsed')

    const words = countWords(text)
    const passages = []
    const texts = splitPassages(text)
    for (const passage of texts) {
      passages.push({ text: passage, embedding: embed(passage) })
      report(0.5 + (passages.length / texts.length) * 0.4, 'embedding')
      // Other tasks of this process want their turn, and only then can the signal tell of a limit.
      await setImmediate()
      ctx.signal.throwIfAborted()
    }

    report(0.9, 'saving')
    database.saveDocument(documentId, ctx.id, { title, words, embeddingVersion, passages })
    return { documentId, kind: document.kind, title, words, passages: passages.length }
  },
})

/** Processes all documents again whose vectors were made by an older version of {@link embed}. */
export const updateKnowledgeBase = app.task({
  name: 'knowledge-base.update',
  queue: 'maintenance',
  priority: 1,
  run: async (_, ctx) => {
    const outdated = ctx.state.outdatedDocuments(embeddingVersion)
    for (const { id, path } of outdated) await submitDocument(ctx.state, id, path, { priority: 2 })
    return { submitted: outdated.length }
  },
})

/** Removes files of uploads that ended before they were known to the database. */
export const cleanUpUploads = app.task({
  name: 'uploads.clean-up',
  queue: 'maintenance',
  priority: 1,
  run: async (_, ctx) => ({
    removed: await removeOrphans(dataDirectory(), (path) => ctx.state.hasPath(path)),
  }),
})

/**
 * Sends a document to be processed and returns the task's id. The id is ours and its row is there first: whatever
 * happens between the two steps, nobody holds an id the app does not know, and no worker looks for a row in vain.
 */
export async function submitDocument(
  database: DocumentDatabase,
  documentId: number,
  path: string,
  options: { readonly priority?: Priority } = {},
): Promise<string> {
  const taskId = randomUUID()
  database.addTask(taskId, processDocument.name, documentId)
  try {
    await processDocument.applyAsync({ path, documentId }, { ...options, taskId })
    return taskId
  } catch (error) {
    database.failTask(taskId, 'FAILURE', `It could not be queued: ${(error as Error).message}`)
    throw error
  }
}
