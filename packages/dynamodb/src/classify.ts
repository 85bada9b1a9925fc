import { type BrokerErrorCode, classifySocketError, TqError } from '@tq/core/driver'
import { ClosedError, LimitError, TableError } from './errors.ts'

/** Refused for now, and certainly not done. */
const throttled = new Set([
  'LimitExceededException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'SlowDown',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
])

const codes: ReadonlyMap<string, BrokerErrorCode> = new Map(
  (
    [
      [
        'permission',
        `AccessDenied AccessDeniedException CredentialsProviderError IncompleteSignature IncompleteSignatureException
         InvalidAccessKeyId InvalidClientTokenId InvalidSignatureException MissingAuthenticationToken
         MissingAuthenticationTokenException NotAuthorized OptInRequired SignatureDoesNotMatch TokenProviderError
         UnrecognizedClientException`,
      ],
      // What identifies us has to be renewed, which the SDK does.
      [
        'blocked',
        'ExpiredToken ExpiredTokenException RequestExpired RequestTimeTooSkewed ResourceInUseException',
      ],
      ['config', 'ResourceNotFoundException TableNotFoundException UnknownOperationException'],
      ['full', 'ItemCollectionSizeLimitExceededException'],
      [
        'connection',
        `AbortError InternalError InternalFailure InternalServerError ServiceUnavailable
         ServiceUnavailableException TimeoutError`,
      ],
    ] as const
  ).flatMap(([code, names]) => names.split(/\s+/).map((name) => [name, code] as const)),
)

/** Sizes are told by words only. */
const tooLarge = /size|length|exceed|larger than|too long/i

/** What an error of the SDK, one that DynamoDB answered, or one of ours means. */
export function classify(error: unknown): BrokerErrorCode {
  if (error instanceof ClosedError) return 'closed'
  if (error instanceof LimitError) return 'limit'
  if (error instanceof TableError) return 'config'
  if (error instanceof TqError) return error.code === 'INVALID_OPTION' ? 'config' : 'unknown'
  if (!(error instanceof Error)) return 'unknown'
  const { message } = error
  // The SDK corrects its clock by the answer: the next call fits.
  if (/signature expired|not yet current/i.test(message)) return 'blocked'
  const name = nameOf(error)
  if (throttled.has(name)) return 'blocked'
  const named = codes.get(name)
  if (named !== undefined) return named
  const ofSocket = classifySocketError(error)
  if (ofSocket) return ofSocket
  if (/socket hang up/i.test(message)) return 'connection'
  const status = statusOf(error)
  if (status === undefined) return 'unknown'
  if (name === 'ValidationException') return tooLarge.test(message) ? 'limit' : 'unknown'
  return status >= 500 ? 'connection' : status === 429 ? 'blocked' : status === 403 ? 'permission' : 'unknown'
}

/** Refused for now, and certainly not done: to be tried again a moment later. */
export function isThrottled(error: unknown): boolean {
  return error instanceof Error && (throttled.has(nameOf(error)) || statusOf(error) === 429)
}

/** A condition did not hold: nothing was changed. */
export function isConflict(error: unknown): boolean {
  return error instanceof Error && nameOf(error) === 'ConditionalCheckFailedException'
}

/** What DynamoDB calls it, without what some add in front. */
export function nameOf(error: Error): string {
  return error.name.replace(/^com\.amazonaws\.[a-z0-9.]*#/i, '')
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode
}
