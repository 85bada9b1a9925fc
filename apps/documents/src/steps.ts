import { readFile } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { Reject, type ResultOf, type Settled, type } from '@tq/core'
import { z } from 'zod'
import { app } from './app.ts'
import { embed, embeddingVersion } from './embed.ts'
import { parseDocument } from './parse/parse-document.ts'
import { UnreadableDocument } from './parse/parsed-document.ts'
import { splitPassages } from './passages.ts'
import { progressReporter } from './progress-reporter.ts'
import { countWords } from './words.ts'

// The three steps of a document's way, and what follows the last document of an upload. Each step hands the next a few numbers; what is large waits in the app's database as a
// draft, and becomes the document in one step at the end. Running a step again, also at the same time, changes nothing.

/** `taskId` is the row that people watch: one for the whole way, while each step is a task of its own. */
const source = z.object({
  path: z.string().min(1),
  documentId: z.int().positive(),
  taskId: z.string().min(1),
})
const parsed = source.omit({ path: true }).extend({ title: z.string().nullable(), words: z.int() })
const embedded = parsed.extend({ passages: z.int() })

/** What all three have in common. Somebody is waiting for them, hence the priority. */
const settings = {
  queue: 'documents',
  priority: 7,
  softTimeLimit: '270s',
  timeLimit: '300s',
} as const
const backoff = { type: 'exponential', base: '1s', max: '5m' } as const

/** Reads the file. The message carries where it is, not what is in it. */
export const parse = app.task({
  ...settings,
  name: 'document.parse',
  input: source,
  retry: { maxRetries: 3, backoff, retryIf: (error) => !(error instanceof UnreadableDocument) },
  run: async ({ path, documentId, taskId }, ctx) => {
    const database = ctx.state
    const document = database.findDocument(documentId)
    if (!document) throw new Reject(`Document ${documentId} was deleted.`)
    database.startTask(taskId, String(process.pid))
    const report = progressReporter(ctx, taskId)

    report(0, 'reading')
    const bytes = await readFile(path, { signal: ctx.signal })
    const { title = null, text } = await parseDocument(document.kind, bytes, {
      signal: ctx.signal,
      onProgress: (fraction) => report(fraction * 0.5, 'parsing'),
    })
    database.drafts.keepText(taskId, documentId, text)
    report(0.5, 'parsed')
    return { documentId, taskId, title, words: countWords(text) }
  },
})

/** Cuts the text into passages and gives each its vector. */
export const embedPassages = app.task({
  ...settings,
  name: 'document.embed',
  input: parsed,
  retry: { maxRetries: 3, backoff },
  run: async (document, ctx) => {
    const { documentId, taskId } = document
    const { drafts } = ctx.state
    const report = progressReporter(ctx, taskId)
    const passages = []
    const texts = splitPassages(drafts.text(taskId, documentId))
    for (const text of texts) {
      passages.push({ text, embedding: embed(text) })
      report(0.5 + (passages.length / texts.length) * 0.4, 'embedding')
      // Other tasks of this process want their turn, and only then can the signal tell of a limit.
      await setImmediate()
      ctx.signal.throwIfAborted()
    }
    drafts.keepPassages(taskId, passages)
    return { ...document, passages: passages.length }
  },
})

/** Makes the draft the document: all of it or nothing. */
export const save = app.task({
  ...settings,
  name: 'document.save',
  input: embedded,
  retry: { maxRetries: 3, backoff },
  run: ({ documentId, taskId, title, words, passages }, ctx) => {
    const database = ctx.state
    const kind = database.findDocument(documentId)?.kind
    if (kind === undefined) throw new Reject(`Document ${documentId} was deleted.`)
    progressReporter(ctx, taskId)(0.9, 'saving')
    database.saveDraft(documentId, taskId, { title, words, embeddingVersion })
    return { documentId, kind, title, words, passages }
  },
})

/** What is known of a document at its end. */
export type ProcessedDocument = ResultOf<typeof save>

/** What became of all files of an upload; those that failed do not keep it from the others. */
export const summariseUpload = app.task({
  name: 'upload.summarise',
  input: type<readonly Settled<ProcessedDocument>[]>(),
  queue: 'documents',
  priority: 7,
  run: (documents) => {
    const processed = documents.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    return {
      documents: processed.length,
      failed: documents.length - processed.length,
      words: processed.reduce((sum, { words }) => sum + words, 0),
    }
  },
})

export type UploadSummary = ResultOf<typeof summariseUpload>
