import { type BrokerErrorCode, classifySocketError, TqError } from '@tq/core/driver'
import { IllegalOperationError } from 'amqplib'
import { ClosedError, ConfigError, LimitError, UnreachableError } from './errors.ts'

const own: readonly (readonly [new (...args: never[]) => Error, BrokerErrorCode])[] = [
  [ClosedError, 'closed'],
  [LimitError, 'limit'],
  [UnreachableError, 'connection'],
  [ConfigError, 'config'],
  // What amqplib says of a channel or a connection that has ended.
  [IllegalOperationError, 'connection'],
]

/** Reply codes of AMQP. */
const replies: Readonly<Record<number, BrokerErrorCode>> = {
  311: 'limit',
  320: 'connection', // the operator closed it, or the server is stopping
  403: 'permission',
  404: 'queue-missing',
  405: 'config', // somebody else's exclusive queue
  406: 'config', // inequivalent arguments
  501: 'connection',
  504: 'connection',
  505: 'connection',
  506: 'full',
  530: 'config', // no such virtual host, or a limit of it
  541: 'connection',
}

const handshake = /Handshake terminated by server: (\d+)/
/** The virtual host is missing, or its limit of connections is reached; amqplib does not say what the server said. */
const notOpened = /Expected ConnectionOpenOk/
const ended =
  /channel closed|Channel ended|Channel closing|Connection clos|Unexpected close|Socket closed|connect ETIMEDOUT|Heartbeat timeout/i

/** What an error of amqplib, one that RabbitMQ answered, or one of ours means. */
export function classify(error: unknown): BrokerErrorCode {
  if (!(error instanceof Error)) return 'unknown'
  const known = own.find(([type]) => error instanceof type)
  if (known) return known[1]
  if (error instanceof TqError) return error.code === 'INVALID_OPTION' ? 'config' : 'unknown'
  const { code } = error as { code?: unknown }
  if (typeof code === 'number' && replies[code]) return tooLarge(error) ? 'limit' : replies[code]
  const ofSocket = classifySocketError(error)
  if (ofSocket) return ofSocket
  if (/ACCESS[_-]REFUSED/.test(error.message)) return 'permission'
  const reply = replies[Number(handshake.exec(error.message)?.[1])]
  if (reply) return reply
  if (notOpened.test(error.message)) return 'config'
  return ended.test(error.message) ? 'connection' : 'unknown'
}

function tooLarge({ message }: Error): boolean {
  return /message size \d+ is larger/i.test(message)
}
