import { type TaskInfo, type TaskState, TqError } from '@tq/core'
import { app } from './app.ts'
import type { DocumentDatabase, TaskRow } from './database.ts'
import type { ProcessedDocument, UploadSummary } from './steps.ts'

type Info = TaskInfo<ProcessedDocument>

/** What is told of a task; undefined when it is none of ours. */
export async function taskStatus(database: DocumentDatabase, taskId: string) {
  const row = database.findTask(taskId)
  if (!row) return undefined
  const info = await askQueue<ProcessedDocument>(taskId)
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

/** What is told of an upload of several files; undefined when it is none of ours. */
export async function uploadStatus(database: DocumentDatabase, uploadId: string) {
  const taskIds = database.tasksOfUpload(uploadId)
  if (taskIds.length === 0) return undefined
  const info = await askQueue<UploadSummary>(uploadId)
  const files = await Promise.all(taskIds.map((taskId) => taskStatus(database, taskId)))
  const tasks = files.filter((file) => file !== undefined)
  const done = tasks.filter(({ status }) => ended.has(status)).length
  return {
    upload_id: uploadId,
    status: info?.state ?? (done === tasks.length ? 'SUCCESS' : 'STARTED'),
    done,
    total: tasks.length,
    result: info?.result ?? null,
    tasks,
  }
}

const ended: ReadonlySet<TaskState> = new Set(['SUCCESS', 'FAILURE', 'REVOKED'])

/** The queue decides; the row speaks when the queue has forgotten, or keeps no results at all. */
function statusOf(row: TaskRow, info: Info | undefined): TaskState {
  if (!info) return row.status
  // A workflow has started when it is sent. Whether a worker has, and whether a step is tried again, its row knows.
  return info.state === 'STARTED' && !ended.has(row.status) ? row.status : info.state
}

/** Nothing of a file of an upload: only the whole has a record of its own. */
async function askQueue<Result>(id: string): Promise<TaskInfo<Result> | undefined> {
  try {
    return await app.workflow<Result>(id).info()
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
