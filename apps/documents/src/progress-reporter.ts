import type { TaskContext } from '@tq/core'
import type { DocumentDatabase } from './database.ts'

/** Smaller steps are not worth a write to the row. */
const step = 0.05

/** Tells of progress twice: to the queue, for whoever holds the task's id, and to the task's row of this app. */
export function progressReporter(
  ctx: TaskContext<DocumentDatabase>,
): (fraction: number, message: string) => void {
  let written = { fraction: 0, message: '' }
  return (fraction, message) => {
    ctx.progress(fraction, message)
    if (message === written.message && fraction - written.fraction < step) return
    written = { fraction, message }
    ctx.state.reportProgress(ctx.id, fraction, message)
  }
}
