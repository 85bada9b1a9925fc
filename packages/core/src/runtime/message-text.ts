import { createHash } from 'node:crypto'
import type { OutboundMessage, Priority } from '../contracts/broker.ts'

/** A message as text, for stores that keep text. */
export interface MessageText {
  readonly queue: string
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
  readonly priority?: Priority
  readonly group?: string
}

export function toText(
  queue: string,
  { body, headers, priority, group }: Pick<OutboundMessage, 'body' | 'headers' | 'priority' | 'group'>,
): MessageText {
  return {
    queue,
    body: Buffer.from(body).toString('base64'),
    headers,
    ...(priority === undefined ? {} : { priority }),
    ...(group === undefined ? {} : { group }),
  }
}

export function fromText(id: string, { body, headers, priority, group }: MessageText): OutboundMessage {
  return {
    id,
    body: Buffer.from(body, 'base64'),
    headers,
    ...(priority === undefined ? {} : { priority }),
    ...(group === undefined ? {} : { group }),
  }
}

/** Names one message of a task: the same message again is the same, another attempt of its task is another one. */
export function messageKey({ id, body }: Pick<OutboundMessage, 'id' | 'body'>): string {
  return `${id}:${createHash('sha256').update(body).digest('base64url').slice(0, 22)}`
}

/** The task's id in a key of `messageKey`. */
export function taskIdOf(key: string): string {
  return key.slice(0, key.lastIndexOf(':'))
}
