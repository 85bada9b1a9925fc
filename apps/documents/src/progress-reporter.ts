import type { TaskContext } from '@tq/core'
import type { DocumentDatabase } from './database.ts'

/** Smaller steps are not worth a write to the row. */
const step = 0.05

/** Tells of progress twice: to the queue, for whoever looks at the step, and to the row of the document's whole way. */
export function progressReporter(
  ctx: TaskContext<DocumentDatabase>,
  taskId: string,
): (fraction: number, message: string) => void {
  let written = { fraction: 0, message: '' }
  return (fraction, message) => {
    ctx.progress(fraction, message)
    if (message === written.message && fraction - written.fraction < step) return
    written = { fraction, message }
    ctx.state.reportProgress(taskId, String(process.pid), fraction, message)
  }
}
