import type { Millis } from '../contracts/time.ts'
import type { TaskErrorInfo } from '../errors/task-errors.ts'
import type { Places } from '../runtime/waiting-lines.ts'
import type { PayloadRef } from '../task/payload-ref.ts'

/** How one delivery ends. Settling turns it into calls; nothing else decides. */
export type Outcome =
  /** The handler returned; `json` is its value as text, undefined when it returned nothing. */
  | {
      readonly type: 'done'
      readonly json: string | undefined
      /** It is too large for a record, and kept here. */
      readonly resultAt?: PayloadRef
    }
  /** It failed, and runs again as a new copy. */
  | {
      readonly type: 'retry'
      readonly error: TaskErrorInfo
      readonly delayMs: Millis
      readonly nextAttempt: number
      readonly crashes: number
    }
  /** It failed for good: FAILURE, and a dead letter. */
  | { readonly type: 'dead'; readonly error: TaskErrorInfo; readonly reason: string }
  /** It is not run any more: REVOKED. */
  | { readonly type: 'revoked'; readonly reason: string }
  /** Not due yet, over a rate limit, or no worker knows it yet: goes on as another copy. */
  | {
      readonly type: 'forward'
      readonly delayMs: Millis
      readonly misses?: number
      readonly delayLeftMs?: Millis
      /** Its turn under a rate limit is when the delay ends. */
      readonly paced?: boolean
    }
  /** As many of its kind are running as may: it waits outside the queue until one has ended. */
  | { readonly type: 'wait'; readonly places: Places }
  /** Given back as it is, uncharged. */
  | { readonly type: 'release' }
  /** A copy of a task that has ended: acknowledged, nothing else. `revoked`: it is the only one, and never ran. */
  | { readonly type: 'drop'; readonly revoked?: boolean }
  /** No longer ours: nothing may be written. */
  | { readonly type: 'lost' }
