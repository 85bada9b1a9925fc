import { TqError, type TqErrorCode } from '@tq/core'
import { Refusal } from '../access/refusal.ts'
import type { Problem } from '../wire/common.ts'

const fixes: Partial<Record<TqErrorCode, string>> = {
  BROKER_UNREACHABLE:
    'Start the broker, or correct TQ_BROKER_URL. This page goes on by itself as soon as it answers.',
  BACKEND_UNREACHABLE:
    'Start the backend, or correct TQ_BACKEND_URL. This page goes on by itself as soon as it answers.',
  BACKEND_REQUIRED:
    'Set TQ_BACKEND_URL (redis://…, postgres://…, sqlite:…): tasks, workers and counts are kept there.',
  BROKER_NOT_CONFIGURED: 'Set TQ_BROKER_URL, or pass --broker.',
  ADAPTER_MISSING: 'Install the driver package beside your application.',
  BEAT_MISSING: 'Install it where the dashboard runs: npm install @tq/beat',
  BROKER_REFUSED: 'Check user, password and rights in TQ_BROKER_URL.',
  BACKEND_REFUSED: 'Check user, password and rights in TQ_BACKEND_URL.',
}

const statusOf: Partial<Record<TqErrorCode, number>> = {
  UNKNOWN_RESULT: 404,
  NOT_QUEUED: 409,
  VALIDATION_FAILED: 400,
  PAYLOAD_TOO_LARGE: 413,
  CAPABILITY_MISSING: 501,
  BACKEND_REQUIRED: 501,
}

/** A read or an action took too long: whatever the driver is waiting for. */
export class TooSlow extends Error {
  override readonly name = 'TooSlow'

  constructor(what: string, ms: number) {
    super(`${what}: no answer within ${ms / 1_000} s.`)
  }
}

/** Nothing by this name. */
export class NotFound extends Error {
  override readonly name = 'NotFound'
}

/** The question itself is wrong. */
export class BadRequest extends Error {
  override readonly name = 'BadRequest'
}

/** What went wrong, as the page shows it: the reason, and what to do. */
export function toProblem(error: unknown): { readonly status: number; readonly problem: Problem } {
  if (error instanceof Refusal) {
    const { status, code, message, fix } = error
    return { status, problem: { code, message, ...(fix === undefined ? {} : { fix }) } }
  }
  if (error instanceof TooSlow) {
    const fix = 'Broker or backend may be down or busy. This page goes on by itself as soon as they answer.'
    return { status: 503, problem: { code: 'TOO_SLOW', message: error.message, fix } }
  }
  if (error instanceof NotFound)
    return { status: 404, problem: { code: 'NOT_FOUND', message: error.message } }
  if (error instanceof BadRequest)
    return { status: 400, problem: { code: 'BAD_REQUEST', message: error.message } }
  if (error instanceof TqError) {
    const { code, message, retryable } = error
    const fix = fixes[code]
    const status = statusOf[code] ?? (retryable ? 503 : code.startsWith('INVALID_') ? 400 : 500)
    return { status, problem: { code, message, ...(fix === undefined ? {} : { fix }) } }
  }
  // A fault of ours or of a driver: its text may tell the operator what the code cannot.
  const message = error instanceof Error ? error.message : String(error)
  return { status: 500, problem: { code: 'UNEXPECTED', message } }
}
