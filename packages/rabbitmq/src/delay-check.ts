import { randomUUID } from 'node:crypto'
import type { Channel, ConfirmChannel } from 'amqplib'
import { ConfigError } from './errors.ts'
import type { Live } from './link.ts'

/** From here on every server moves dead letters safely. */
const safeSince = [3, 12] as const
const tries = 20
const everyMs = 10
/** A server that does not answer for so long tells nothing. */
const patienceMs = 3_000

/**
 * Sees whether the server really moves messages from queue to queue without losing them on the way. RabbitMQ 3.10 and
 * 3.11 fall back to the unsafe way, without a word, where the feature flag `stream_queue` is not enabled.
 *
 * Tried on a queue of at most one message whose messages expire into nowhere: a server that keeps them until somebody
 * takes them is full after one, another has dropped it and takes the next.
 *
 * @throws ConfigError
 */
export async function assertKeepsDelayed(live: Live): Promise<void> {
  const [major = 0, minor = 0] = live.version.split('.').map(Number)
  if (major > safeSince[0] || (major === safeSince[0] && minor >= safeSince[1])) return
  if (live.blocked !== undefined) return
  const channel = await live.confirmChannel()
  const patience = new Promise<'unknown'>((resolve) => {
    setTimeout(() => resolve('unknown'), patienceMs).unref()
  })
  // One who may not make queues cannot look.
  const seen = await Promise.race([keeps(channel).catch(() => 'unknown'), patience])
  // Not waited for: in an alarm that began meanwhile the server does not answer.
  channel.close().catch(() => {})
  if (seen !== false) return
  throw new ConfigError(
    `RabbitMQ ${live.version} would lose delayed tasks: at-least-once dead-lettering is not in force. Run: rabbitmqctl enable_feature_flag stream_queue`,
  )
}

/** @param args what makes the queue unsafe, for a test of this test */
export async function keeps(
  channel: ConfirmChannel,
  args: Readonly<Record<string, unknown>> = { 'x-dead-letter-strategy': 'at-least-once' },
): Promise<boolean> {
  const name = `tq.v1.delay.check.${randomUUID()}`
  await declareLeakyQueue(channel, name, args)
  for (let attempt = 0; attempt < tries; attempt++) {
    if (await refuses(channel, name)) {
      await channel.deleteQueue(name)
      return true
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
  await channel.deleteQueue(name)
  return false
}

async function declareLeakyQueue(
  channel: Channel,
  name: string,
  args: Readonly<Record<string, unknown>>,
): Promise<void> {
  await channel.assertQueue(name, {
    durable: true,
    arguments: {
      'x-queue-type': 'quorum',
      'x-expires': 60_000,
      'x-message-ttl': 1,
      'x-max-length': 1,
      'x-overflow': 'reject-publish',
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': `${name}.nowhere`,
      ...args,
    },
  })
}

function refuses(channel: ConfirmChannel, name: string): Promise<boolean> {
  return new Promise((resolve) => {
    channel.sendToQueue(name, Buffer.alloc(1), { persistent: true }, (error) =>
      resolve(error instanceof Error),
    )
  })
}
