import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb'
import type { Millis } from '@tq/core/driver'

const connectMs: Millis = 2_000
/** Calls under way at a time; what is asked beyond waits here. */
export const mostAtOnce = 64

/**
 * A connection that is idle for so long is closed by us, before the other side does: what is sent over one that is just
 * being closed is lost, and nobody knows whether it was done.
 */
const idleMs: Millis = 4_000

/** A client that repeats nothing behind our back: who asks is told at once. */
export function newClient(config: DynamoDBClientConfig): DynamoDBClient {
  const agent = { keepAlive: true, maxSockets: mostAtOnce, timeout: idleMs }
  return new DynamoDBClient({
    requestHandler: { connectionTimeout: connectMs, httpAgent: agent, httpsAgent: agent },
    ...config,
    maxAttempts: 1,
  })
}
