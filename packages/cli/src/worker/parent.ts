import type { StopReport } from '@tq/core'
import { describeError, type ErrorReport } from '../output/report-error.ts'
import type { StartInfo } from './banner.ts'

/** What a worker process tells the process that started it: `--detach` or a supervisor. */
export type FromWorker =
  | { readonly type: 'ready'; readonly info: StartInfo }
  | { readonly type: 'failed'; readonly error: ErrorReport }
  | { readonly type: 'stopped'; readonly reason: StopReport['reason'] }

/** Tells the parent; resolves when it has been said, also when nobody listens any more. */
export function tellParent(message: FromWorker): Promise<void> {
  return new Promise((resolve) => {
    if (!process.send || !process.connected) return resolve()
    process.send(message, () => resolve())
  })
}

/** The parent shows the error as its own. */
export function tellFailure(error: unknown): Promise<void> {
  return tellParent({ type: 'failed', error: describeError(error) })
}
