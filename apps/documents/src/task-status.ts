import { type TaskInfo, type TaskState, TqError } from '@tq/core'
import { app } from './app.ts'
import type { DocumentDatabase, TaskRow } from './database.ts'
import type { processDocument } from './tasks.ts'

type Info = TaskInfo<Awaited<ReturnType<typeof processDocument>>>

/** What is told of a task; undefined when it is none of ours. */
export async function taskStatus(database: DocumentDatabase, taskId: string) {
  const row = database.findTask(taskId)
  if (!row) return undefined
  const info = await askQueue(taskId)
  const status = statusOf(row, info)
  return {
    task_id: taskId,
    status,
    progress: row.progress,
    message: row.message,
    result: status === 'SUCCESS' ? (info?.result ?? resultOf(database, row)) : null,
    error: info?.error?.message ?? row.error,
    document_id: row.documentId,
    file_name: row.fileName,
    kind: row.kind,
    worker: row.worker,
    milliseconds: row.startedAt && row.finishedAt ? row.finishedAt - row.startedAt : null,
  }
}

/** The queue decides; the row speaks when the queue has forgotten, or keeps no results at all. */
function statusOf(row: TaskRow, info: Info | undefined): TaskState {
  if (!info) return row.status
  // The queue writes STARTED a moment late, and for short tasks never; the row is written by the task itself.
  return info.state === 'PENDING' && row.status !== 'PENDING' ? 'STARTED' : info.state
}

async function askQueue(taskId: string): Promise<Info | undefined> {
  try {
    return await app.result<typeof processDocument>(taskId).info()
  } catch (error) {
    // A broker without a backend keeps no results. Our own rows are enough for this app.
    if (error instanceof TqError && error.code === 'BACKEND_REQUIRED') return undefined
    throw error
  }
}

function resultOf(database: DocumentDatabase, row: TaskRow) {
  const document = database.findDocument(row.documentId)
  if (!document) return null
  return { documentId: document.id, kind: document.kind, title: document.title, words: document.words }
}
