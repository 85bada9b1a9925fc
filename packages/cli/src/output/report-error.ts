import { writeSync } from 'node:fs'
import { hidePasswords } from './hide-passwords.ts'

/** What is known of anything that was thrown. Errors of another copy of core count too, so never `instanceof`. */
export interface ErrorReport {
  readonly code: string
  readonly message: string
  readonly exitCode: number
  readonly stack?: string
}

export function describeError(thrown: unknown): ErrorReport {
  const error = (typeof thrown === 'object' && thrown !== null ? thrown : { message: String(thrown) }) as {
    readonly code?: unknown
    readonly name?: unknown
    readonly message?: unknown
    readonly exitCode?: unknown
    readonly stack?: unknown
  }
  const ours = typeof error.code === 'string' && error.name !== 'Error'
  const text = String(error.message)
  return {
    code: typeof error.code === 'string' ? error.code : 'UNEXPECTED',
    // Foreign errors show their kind: 'TypeError: x is not a function'.
    message: oneLine(ours || !error.name || error.name === 'Error' ? text : `${String(error.name)}: ${text}`),
    exitCode: typeof error.exitCode === 'number' ? error.exitCode : 1,
    ...(typeof error.stack === 'string' ? { stack: hidePasswords(error.stack) } : {}),
  }
}

/** One line on stderr; the stack only for those who asked for debug output. Returns the exit code. */
export function reportError(thrown: unknown, json: boolean): number {
  const { code, message, exitCode, stack } = describeError(thrown)
  const line = message.startsWith('tq ') ? message : `tq: ${message}`
  const text = json ? JSON.stringify({ error: { code, message } }) : line
  const debug = process.env['TQ_LOG_LEVEL'] === 'debug' && stack !== undefined
  try {
    writeSync(2, debug ? `${text}\n${stack}\n` : `${text}\n`)
  } catch {
    // Nobody reads it.
  }
  return exitCode
}

function oneLine(text: string): string {
  return hidePasswords(text.replace(/\s*\n\s*/g, ' ').trim()).slice(0, 2_000)
}
