import { type BrokerErrorCode, classifySocketError, TqError } from '@tq/core/driver'
import { ClosedError, LimitError } from './errors.ts'

/** By SQLSTATE, or its class: the first two characters. The whole one goes first. */
const states: ReadonlyMap<string, BrokerErrorCode> = new Map([
  ['08', 'connection'], // connection exception
  ['0A', 'config'], // feature not supported
  ['22', 'limit'], // data that does not fit its type
  ['25006', 'connection'], // read only: a primary that is a replica now
  ['26', 'connection'], // a pooler in between lost our prepared statement
  ['28', 'permission'],
  ['3D', 'config'], // no such database
  ['3F', 'config'], // no such schema
  ['40', 'connection'], // serialization failure, deadlock: nothing was changed
  ['42501', 'permission'],
  ['42', 'config'], // a table or function that is not there
  ['53', 'full'], // disk full, out of memory
  ['53300', 'connection'], // too many connections, for now
  ['54', 'limit'], // also: a name too long for an index
  ['55P03', 'connection'], // lock not available
  ['57', 'connection'], // the server starts or stops, or a statement took too long
  ['58', 'connection'], // the disk is away or ill
])

const clientSaid: readonly (readonly [pattern: RegExp, code: BrokerErrorCode])[] = [
  [
    /^(Connection terminated|timeout exceeded when trying to connect|timeout expired|Query read timeout|Client has encountered a connection error|Client was closed|This socket has been ended)/,
    'connection',
  ],
  [/^Cannot use a pool after calling end/, 'closed'],
  [/^(The server does not support SSL|There was an error establishing an SSL connection)/, 'config'],
  [/^SASL: .*(password|credential)/i, 'permission'],
]

/** What an error of `pg`, one that PostgreSQL answered, or one of ours means. */
export function classify(error: unknown): BrokerErrorCode {
  if (error instanceof ClosedError) return 'closed'
  if (error instanceof LimitError) return 'limit'
  if (error instanceof TqError) return error.code === 'INVALID_OPTION' ? 'config' : 'unknown'
  if (error instanceof AggregateError) return classify(error.errors[0])
  if (!(error instanceof Error)) return 'unknown'
  const { code } = error as { code?: unknown }
  const ofSocket = classifySocketError(error)
  if (ofSocket) return ofSocket
  if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code)) {
    return states.get(code) ?? states.get(code.slice(0, 2)) ?? 'unknown'
  }
  return clientSaid.find(([pattern]) => pattern.test(error.message))?.[1] ?? 'unknown'
}

/** No answer came in time: what else goes over such connections may wait as long. */
export function isSilence(error: unknown): boolean {
  return error instanceof Error && /^(Query read timeout|timeout e)/.test(error.message)
}

/** The server that answered takes no changes any more: another one is the primary now. */
export function isDemoted(error: unknown): boolean {
  return error instanceof Error && (error as { code?: unknown }).code === '25006'
}
