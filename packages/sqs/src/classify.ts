import { type BrokerErrorCode, classifySocketError, TqError } from '@tq/core/driver'
import { ClosedError, LimitError, MissingQueueError, QueueSettingsError } from './errors.ts'

const codes: ReadonlyMap<string, BrokerErrorCode> = new Map(
  (
    [
      ['queue-missing', 'QueueDoesNotExist NonExistentQueue'],
      // For now: too much was asked, or what identifies us has to be renewed, which the SDK does.
      [
        'blocked',
        `RequestThrottled Throttling ThrottlingException ThrottledException TooManyRequestsException
         RequestLimitExceeded RequestThrottledException ProvisionedThroughputExceededException SlowDown OverLimit
         KmsThrottled QueueDeletedRecently ExpiredToken ExpiredTokenException RequestExpired RequestTimeTooSkewed`,
      ],
      ['limit', 'BatchRequestTooLong InvalidMessageContents MessageTooLong TooManyEntriesInBatchRequest'],
      [
        'permission',
        `AccessDenied AccessDeniedException InvalidClientTokenId UnrecognizedClientException InvalidAccessKeyId
         MissingAuthenticationToken MissingAuthenticationTokenException SignatureDoesNotMatch InvalidSecurity
         IncompleteSignature InvalidSignatureException NotAuthorized OptInRequired KmsAccessDenied KmsDisabled KmsInvalidKeyUsage
         KmsInvalidState KmsNotFound KmsOptInRequired CredentialsProviderError TokenProviderError`,
      ],
      [
        'config',
        `QueueNameExists QueueAlreadyExists InvalidAttributeName InvalidAttributeValue InvalidAddress
         UnsupportedOperation InvalidParameterValue InvalidParameterCombination MissingParameter`,
      ],
      [
        'connection',
        'InternalError InternalFailure InternalServerError ServiceUnavailable TimeoutError AbortError',
      ],
    ] as const
  ).flatMap(([code, names]) => names.split(/\s+/).map((name) => [name, code] as const)),
)

/** What SQS calls it, without what some add in front. */
export function errorName(name: string): string {
  return name.replace(/^AWS\.SimpleQueueService\.|^com\.amazonaws\.[a-z.]*#/, '')
}

/** What an error of the SDK, one that SQS answered, or one of ours means. */
export function classify(error: unknown): BrokerErrorCode {
  if (error instanceof ClosedError) return 'closed'
  if (error instanceof LimitError) return 'limit'
  if (error instanceof MissingQueueError) return 'queue-missing'
  if (error instanceof QueueSettingsError) return 'config'
  if (error instanceof TqError) return error.code === 'INVALID_OPTION' ? 'config' : 'unknown'
  if (!(error instanceof Error)) return 'unknown'
  const { code, message } = error as Error & { code?: unknown }
  // The SDK corrects its clock by the answer: the next call fits.
  if (/signature expired|not yet current/i.test(message)) return 'blocked'
  const named =
    codes.get(errorName(error.name)) ?? (typeof code === 'string' ? codes.get(errorName(code)) : undefined)
  if (named !== undefined) return named
  const ofSocket = classifySocketError(error)
  if (ofSocket) return ofSocket
  if (/socket hang up/i.test(message)) return 'connection'
  const status = statusOf(error)
  if (status === undefined) return 'unknown'
  return status >= 500 ? 'connection' : status === 429 ? 'blocked' : status === 403 ? 'permission' : 'unknown'
}

/** Whether SQS answered and refused: it is known that nothing was done. */
export function isRefusal(error: unknown): boolean {
  const status = statusOf(error)
  return status !== undefined && status >= 400 && status < 500
}

/** Whether the call never left. */
export function neverSent(error: unknown): boolean {
  const { code, name } = error as { code?: unknown; name?: unknown }
  if (error instanceof ClosedError || name === 'CredentialsProviderError') return true
  return code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'EAI_AGAIN'
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode
}
