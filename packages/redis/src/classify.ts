import { type BrokerErrorCode, classifySocketError, TqError } from '@tq/core/driver'
import { ClosedError, LimitError, UnreachableError } from './errors.ts'

/** The first word of what Redis answers. Inside scripts it may follow other words. */
const replies: readonly (readonly [pattern: RegExp, code: BrokerErrorCode])[] = [
  [
    /\b(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|UNBLOCKED|NOREPLICAS|MOVED|ASK)\b/,
    'connection',
  ],
  [/\b(OOM|MISCONF)\b/, 'full'],
  [/\b(NOAUTH|WRONGPASS|NOPERM|DENIED)\b|invalid password|without any password configured/, 'permission'],
  [/\bWRONGTYPE\b|unknown command|wrong number of arguments|cluster support disabled/i, 'config'],
  [/max number of clients|Protocol error/i, 'connection'],
  [/exceeds maximum allowed size|invalid bulk length/i, 'limit'],
]

const clientSaid =
  /Connection is closed|Stream isn't writeable|enableOfflineQueue|Command timed out|connect ETIMEDOUT|Socket timeout|max retries per request|All sentinels are unreachable|Failed to refresh slots|Cluster isn't ready|Command aborted|None of startup nodes|Too many Cluster redirections/i

/** What an error of ioredis, one that Redis answered, or one of ours means. */
export function classify(error: unknown): BrokerErrorCode {
  if (error instanceof ClosedError) return 'closed'
  if (error instanceof LimitError) return 'limit'
  if (error instanceof UnreachableError) return 'connection'
  if (error instanceof TqError) return error.code === 'INVALID_OPTION' ? 'config' : 'unknown'
  if (!(error instanceof Error)) return 'unknown'
  if (error.name === 'ReplyError') {
    return replies.find(([pattern]) => pattern.test(error.message))?.[1] ?? 'unknown'
  }
  const ofSocket = classifySocketError(error)
  if (ofSocket) return ofSocket
  if (error.name === 'MaxRetriesPerRequestError' || error.name === 'ClusterAllFailedError')
    return 'connection'
  return clientSaid.test(error.message) ? 'connection' : 'unknown'
}

/** Redis answered, so that it is known that nothing was changed by what failed as a whole. */
export function isReply(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError'
}
