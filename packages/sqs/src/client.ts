import { SQSClient, type SQSClientConfig } from '@aws-sdk/client-sqs'
import type { Millis } from '@tq/core/driver'

const connectMs: Millis = 3_000
/** A call that waits for nothing and is not answered within this is given up. */
export const answerMs: Millis = 8_000
/** Polls wait on a connection each. */
const mostConnections = 256

/** @param attempts by default one: nothing is repeated behind our back, who asks is told at once. */
export function newClient(config: SQSClientConfig, attempts = 1): SQSClient {
  const agent = { keepAlive: true, maxSockets: mostConnections }
  return new SQSClient({
    requestHandler: {
      connectionTimeout: connectMs,
      requestTimeout: answerMs,
      throwOnRequestTimeout: true,
      httpAgent: agent,
      httpsAgent: agent,
    },
    // TLS keeps what is on the wire; MD5 is not to be had everywhere.
    md5: false,
    ...config,
    maxAttempts: attempts,
  })
}
