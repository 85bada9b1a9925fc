import { type BrokerErrorCode, classifySocketError, TqError } from '@tq/core/driver'
import { ClosedError } from './errors.ts'

const codes: ReadonlyMap<string, BrokerErrorCode> = new Map(
  (
    [
      [
        'permission',
        `AccessDenied AccountProblem AllAccessDisabled CredentialsProviderError InvalidAccessKeyId InvalidToken
         SignatureDoesNotMatch TokenProviderError`,
      ],
      // What identifies us has to be renewed, which the SDK does.
      ['blocked', 'ExpiredToken RequestExpired RequestTimeTooSkewed SlowDown Throttling ThrottlingException'],
      ['config', 'NoSuchBucket PermanentRedirect InvalidBucketName AuthorizationHeaderMalformed'],
      ['limit', 'EntityTooLarge KeyTooLongError MaxMessageLengthExceeded'],
      [
        'connection',
        'AbortError InternalError RequestTimeout ServiceUnavailable TimeoutError OperationAborted',
      ],
    ] as const
  ).flatMap(([code, names]) => names.split(/\s+/).map((name) => [name, code] as const)),
)

/** What an error of the SDK, one that S3 answered, or one of ours means. */
export function classify(error: unknown): BrokerErrorCode {
  if (error instanceof ClosedError) return 'closed'
  if (error instanceof TqError) return error.code === 'INVALID_OPTION' ? 'config' : 'unknown'
  if (!(error instanceof Error)) return 'unknown'
  const named = codes.get(error.name)
  if (named !== undefined) return named
  const ofSocket = classifySocketError(error)
  if (ofSocket) return ofSocket
  if (/socket hang up/i.test(error.message)) return 'connection'
  const status = statusOf(error)
  if (status === undefined) return 'unknown'
  if (status === 403) return 'permission'
  // Of a bucket: an object that is not there has a name of its own.
  if (status === 404 || status === 301) return 'config'
  return status >= 500 ? 'connection' : status === 429 ? 'blocked' : 'unknown'
}

/** There is no such object. */
export function isAbsent(error: unknown): boolean {
  return error instanceof Error && (error.name === 'NoSuchKey' || error.name === 'NotFound')
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode
}
