import type { MessageChange, Priority } from '@tq/core/driver'
import type { Connection } from './connection.ts'
import type { QueueKeys } from './keys.ts'
import { hasId } from './message-codec.ts'
import { change } from './scripts/change.ts'

/** A message that waits, as it is stored, and where: the priority of its list, or `d` among the delayed. */
interface Place {
  readonly stored: Buffer
  readonly list: Priority | 'd'
}

const pageSize = 1_000
/** It may move while it is looked for: because it is due, or comes back from a receiver. */
const mostLooks = 3
/** Delayed messages are told apart by a number in front. */
const numberBytes = 6

/** Changes a message that waits. There is no index of ids, which every task would pay for: the queue is looked through. */
export async function changeMessage(
  connection: Connection,
  queue: string,
  id: string,
  wanted: MessageChange,
): Promise<boolean> {
  const keys = connection.keys.queue(queue)
  const { delayMs, priority } = wanted
  for (let look = 0; look < mostLooks; look++) {
    const place = await find(connection, keys, Buffer.from(id))
    if (!place) return false
    const { stored, list } = place
    const isReady = list !== 'd'
    if (isReady && (delayMs ?? 0) === 0 && (priority ?? list) === list) return true
    const values = [stored, String(list), delayMs === undefined ? '' : String(Math.ceil(delayMs))]
    const moved = await connection.run(change, keys.publishing, [...values, String(priority ?? '')])
    if (moved === 1) return true
  }
  return false
}

async function find(connection: Connection, keys: QueueKeys, id: Buffer): Promise<Place | undefined> {
  const delayed = await findDelayed(connection, keys.delayed, id)
  if (delayed) return { stored: delayed, list: 'd' }
  for (const [priority, list] of keys.ready.entries()) {
    const stored = await findReady(connection, list, id)
    if (stored) return { stored, list: priority as Priority }
  }
  return undefined
}

async function findDelayed({ client }: Connection, key: string, id: Buffer): Promise<Buffer | undefined> {
  const pattern = `*${escaped(id)}*`
  for (let cursor = '0', first = true; first || cursor !== '0'; first = false) {
    const [next, found] = await client.zscanBuffer(key, cursor, 'MATCH', pattern, 'COUNT', pageSize)
    // Each comes with its score behind it.
    const stored = found.find((value, at) => at % 2 === 0 && hasId(value, numberBytes, id))
    if (stored) return stored
    cursor = String(next)
  }
  return undefined
}

/** From the tail on: what is taken from the head meanwhile, or added to the tail, hides nothing. */
async function findReady({ client }: Connection, key: string, id: Buffer): Promise<Buffer | undefined> {
  for (let from = -1; ; from -= pageSize) {
    const page = await client.lrangeBuffer(key, from - pageSize + 1, from)
    const stored = page.findLast((value) => hasId(value, 0, id))
    if (stored || page.length === 0) return stored
  }
}

/** So that a pattern means this very text. */
const escaped = (id: Buffer): string => id.toString().replaceAll(/[*?[\]\\]/g, '\\$&')
