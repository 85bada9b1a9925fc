import { type BrokerErrorCode, TqError } from '@tq/core/driver'
import { ClosedError, LimitError } from './errors.ts'

/** Primary result codes of SQLite; extended ones carry more in the higher bits. */
const busy = 5
const locked = 6
const codes: ReadonlyMap<number, BrokerErrorCode> = new Map([
  [3, 'permission'], // SQLITE_PERM
  [busy, 'connection'],
  [locked, 'connection'],
  [7, 'full'], // SQLITE_NOMEM
  [8, 'permission'], // SQLITE_READONLY
  [10, 'connection'], // SQLITE_IOERR: a disk that is away or ill; trying again may help
  [11, 'config'], // SQLITE_CORRUPT
  [13, 'full'], // SQLITE_FULL
  [14, 'config'], // SQLITE_CANTOPEN
  [18, 'limit'], // SQLITE_TOOBIG
  [23, 'permission'], // SQLITE_AUTH
  [26, 'config'], // SQLITE_NOTADB
])

/** What an error of `node:sqlite`, or one of ours, means. */
export function classify(error: unknown): BrokerErrorCode {
  if (error instanceof ClosedError) return 'closed'
  if (error instanceof LimitError) return 'limit'
  if (error instanceof TqError) return error.code === 'INVALID_OPTION' ? 'config' : 'unknown'
  const result = resultOf(error)
  if (result !== undefined) return codes.get(result) ?? 'unknown'
  return isClosedDatabase(error) ? 'closed' : 'unknown'
}

/** Another connection holds the lock: nothing was changed, and a moment later it may work. */
export function isBusy(error: unknown): boolean {
  const result = resultOf(error)
  return result === busy || result === locked
}

/** The primary result code, when the error is SQLite's. */
function resultOf(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined
  const { code, errcode } = error as { code?: unknown; errcode?: unknown }
  return code === 'ERR_SQLITE_ERROR' && typeof errcode === 'number' ? errcode & 0xff : undefined
}

function isClosedDatabase(error: unknown): boolean {
  return (
    error instanceof Error &&
    (error as { code?: unknown }).code === 'ERR_INVALID_STATE' &&
    error.message.includes('database is not open')
  )
}
