import type { BrokerErrorCode } from '../contracts/broker.ts'

/** What Node says of a connection that could not be made, or has ended. */
const ended = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  // A socket in the file system.
  'ENOENT',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_WRITE_AFTER_END',
  'UND_ERR_SOCKET',
])

/** Somebody else answers than the one who is trusted. */
const certificate =
  /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|CERT_|ERR_TLS_CERT_|ERR_SSL_)/

/**
 * What an error of a socket means, for the `classify` of drivers: `connection`, `config` where a certificate is not
 * trusted, undefined where the error is none of a socket.
 *
 * @example const known = classifySocketError(error)
 */
export function classifySocketError(error: unknown): BrokerErrorCode | undefined {
  const { code } = (error ?? {}) as { readonly code?: unknown }
  if (typeof code !== 'string') return undefined
  if (ended.has(code)) return 'connection'
  return certificate.test(code) ? 'config' : undefined
}
