import { randomUUID } from 'node:crypto'
import { chain, group, type Priority, TqError } from '@tq/core'
import type { DocumentDatabase } from './database.ts'
import { embedPassages, parse, save, summariseUpload } from './steps.ts'
import { fileTaskId } from './task-ids.ts'

/**
 * The way of one document as a workflow, not sent yet.
 *
 * @example await processDocument({ path, documentId, taskId }).delay()
 */
export function processDocument(input: { path: string; documentId: number; taskId: string }) {
  return chain(parse.s(input), embedPassages.s(), save.s())
}

/** An uploaded file, as the database knows it. */
export interface StoredFile {
  readonly documentId: number
  readonly path: string
}

/**
 * Sends a document to be processed and returns the id of its row, which is also the workflow's. It is there first:
 * whatever happens between the two steps, nobody holds an id the app does not know, and no worker looks for a row in vain.
 */
export async function submitDocument(
  database: DocumentDatabase,
  documentId: number,
  path: string,
  options: { readonly priority?: Priority } = {},
): Promise<string> {
  const taskId = randomUUID()
  database.addTask(taskId, taskType, documentId)
  await sendOrFail(database, [taskId], () =>
    processDocument({ path, documentId, taskId }).applyAsync({ ...options, taskId }),
  )
  return taskId
}

/** Sends all files of an upload as one workflow: all at once, then a summary. Returns its id and a row's for each file. */
export async function submitUpload(database: DocumentDatabase, files: readonly StoredFile[]) {
  const uploadId = randomUUID()
  const documents = files.map((file, index) => ({ ...file, taskId: fileTaskId(uploadId, index) }))
  const taskIds = documents.map(({ taskId }) => taskId)
  for (const { taskId, documentId } of documents) database.addTask(taskId, taskType, documentId)
  database.addUpload(uploadId, taskIds)
  // A file that cannot be read must not cost the others their summary.
  const all = group(documents.map(processDocument), { failures: 'collect' })
  await sendOrFail(database, taskIds, async () => {
    try {
      await chain(all, summariseUpload.s()).applyAsync({ taskId: uploadId })
    } catch (error) {
      if (!(error instanceof TqError) || error.code !== 'BACKEND_REQUIRED') throw error
      // Nobody keeps what becomes of a group: each document goes its way alone, and the rows are all there is to ask.
      for (const document of documents)
        await processDocument(document).applyAsync({ taskId: document.taskId })
    }
  })
  return { uploadId, taskIds }
}

const taskType = 'document.process'

async function sendOrFail(
  database: DocumentDatabase,
  taskIds: readonly string[],
  send: () => Promise<unknown>,
): Promise<void> {
  try {
    await send()
  } catch (error) {
    const reason = `It could not be queued: ${(error as Error).message}`
    for (const taskId of taskIds) database.failTask(taskId, 'FAILURE', reason)
    throw error
  }
}
