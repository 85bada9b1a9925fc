/** Every stable error code. Act on the code, never on the message. */
export type TqErrorCode =
  // what the application wrote
  | 'INVALID_OPTION'
  | 'INVALID_NAME'
  | 'INVALID_DURATION'
  | 'INVALID_PAYLOAD'
  | 'VALIDATION_FAILED'
  | 'PAYLOAD_TOO_LARGE'
  | 'DUPLICATE_TASK'
  | 'INVALID_SCHEDULE'
  | 'DUPLICATE_SCHEDULE'
  | 'UNKNOWN_SCHEDULE'
  | 'SCHEDULE_IN_CODE'
  | 'TASK_NOT_IMPLEMENTED'
  | 'UNKNOWN_SCHEME'
  | 'ADAPTER_MISSING'
  | 'BEAT_MISSING'
  | 'BROKER_NOT_CONFIGURED'
  | 'BACKEND_REQUIRED'
  | 'CAPABILITY_MISSING'
  | 'APP_CLOSED'
  // what the service said
  | 'BROKER_UNREACHABLE'
  | 'BROKER_FULL'
  | 'BROKER_BLOCKED'
  | 'BROKER_REFUSED'
  | 'BROKER_MISCONFIGURED'
  | 'PUBLISH_UNKNOWN'
  | 'BACKEND_UNREACHABLE'
  | 'BACKEND_REFUSED'
  | 'QUEUE_FULL'
  | 'PAYLOAD_STORE_UNREACHABLE'
  | 'PAYLOAD_STORE_REFUSED'
  | 'PAYLOAD_STORE_UNKNOWN'
  // how a task ended
  | 'TASK_FAILED'
  | 'TASK_REVOKED'
  | 'TASK_REJECTED'
  | 'RESULT_TIMEOUT'
  | 'UNKNOWN_RESULT'
  | 'NOT_QUEUED'
  | 'SOFT_TIME_LIMIT_EXCEEDED'
  | 'TIME_LIMIT_EXCEEDED'
  | 'LEASE_LOST'
  | 'ONCE_UNSURE'
  | 'UNKNOWN_TASK'
  | 'UNREADABLE_MESSAGE'
  | 'PAYLOAD_MISSING'
  | 'TASK_CRASHED'
  | 'WORKER_STOPPING'

/** Trying again later may help: the fault is the service's state or the moment, not the request. */
const passing: ReadonlySet<TqErrorCode> = new Set([
  'BROKER_UNREACHABLE',
  'BROKER_FULL',
  'BROKER_BLOCKED',
  'PUBLISH_UNKNOWN',
  'BACKEND_UNREACHABLE',
  'QUEUE_FULL',
  'PAYLOAD_STORE_UNREACHABLE',
  'RESULT_TIMEOUT',
])

/** The base of every error tq throws on purpose: a stable `code`, data in `details`, the reason in `cause`. */
export class TqError extends Error {
  override readonly name: string = 'TqError'
  readonly code: TqErrorCode
  /** What the message says, as data. Never holds a payload or a password. */
  readonly details: Readonly<Record<string, unknown>>

  constructor(
    code: TqErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly details?: Readonly<Record<string, unknown>> } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = options.details ?? {}
  }

  /** Whether trying again later may help; a web handler answers 503 then. */
  get retryable(): boolean {
    return passing.has(this.code)
  }
}
