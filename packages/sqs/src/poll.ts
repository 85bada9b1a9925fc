import { type Message, ReceiveMessageCommand } from '@aws-sdk/client-sqs'
import type { Millis } from '@tq/core/driver'
import { answerMs } from './client.ts'
import type { Connection } from './connection.ts'
import { attributeName } from './message-codec.ts'

/** The lengths of polls of a band that stays empty. The last one is the longest there is. */
const waits: readonly number[] = [1, 2, 4, 8, 16, 20]
/** An empty answer that comes earlier than it should by more than this came for another reason. */
const slackMs: Millis = 200

/** What a poll brought, and since when that may have been leased. */
export interface Polled {
  readonly messages: readonly Message[]
  readonly since: Millis
  /** It waited as long as it was told to. */
  readonly waited: boolean
}

/** One call, of a band that was empty `emptyTimes` times in a row. */
export async function poll(
  connection: Connection,
  url: string,
  options: { readonly max: number; readonly seconds: number; readonly emptyTimes: number },
): Promise<Polled> {
  const wait = waits[Math.min(options.emptyTimes, waits.length - 1)] ?? 20
  const { clock, loop } = connection
  const unwatch = loop.watch()
  const startedAt = clock.monotonic()
  try {
    const { Messages = [] } = await connection.ask((client) =>
      client.send(
        new ReceiveMessageCommand({
          QueueUrl: url,
          MaxNumberOfMessages: options.max,
          VisibilityTimeout: options.seconds,
          WaitTimeSeconds: wait,
          MessageAttributeNames: [attributeName],
          MessageSystemAttributeNames: ['ApproximateReceiveCount', 'SentTimestamp', 'MessageGroupId'],
        }),
        { requestTimeout: wait * 1_000 + answerMs / 2 },
      ),
    )
    const waited = clock.monotonic() - startedAt >= wait * 1_000 - slackMs
    return { messages: Messages, since: Math.max(startedAt, loop.unreadSince), waited }
  } finally {
    unwatch()
  }
}
