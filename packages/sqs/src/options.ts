import type { SQSClientConfig } from '@aws-sdk/client-sqs'
import { accessKeys, decodedPart, invalidUrl } from '@tq/core/driver'
import { messageBytes } from './capabilities.ts'

/** How this adapter reaches SQS, and what it expects there. In a URL each goes first. */
export interface SqsAdapterOptions {
  /**
   * Of the AWS SDK's client: credentials, a proxy, an endpoint. Region and credentials are otherwise found as the SDK
   * finds them. Attempts are ours: core tries again.
   */
  readonly connection?: SQSClientConfig
  /** Creates queues that are not there. Default false: they are expected, and their absence is told. */
  readonly createQueues?: boolean
  /** `fifo`: messages of one group in order, on FIFO queues. Default `none`. */
  readonly ordering?: 'none' | 'fifo'
  /** How many priorities are told apart: each is a queue of its own to poll. Default 3; 1 costs a third when idle. */
  readonly priorities?: 1 | 3
  /** Of the redrive policy of queues that are created: so many lost leases of one message. 1 to 1000, default 100. */
  readonly maxReceiveCount?: number
  /** The queues' `MaximumMessageSize`, in bytes. Default 1 MiB, the most there is. */
  readonly maxMessageBytes?: number
}

/** Checked. Can be cloned to another thread unless `connection` holds functions. */
export interface ResolvedOptions {
  readonly prefix: string
  readonly connection: SQSClientConfig
  readonly createQueues: boolean
  readonly fifo: boolean
  readonly levels: 1 | 3
  readonly maxReceiveCount: number
  readonly maxMessageBytes: number
}

const parts = /^sqs:(?:\/\/([^/?#]*)(?:\/([^?#]*))?)?(?:\?([^#]*))?$/i

/**
 * Reads `sqs://eu-central-1/prefix?createQueues=true`. Without a region the SDK finds one (`AWS_REGION`, profiles);
 * `sqs://key:secret@region/…` carries credentials, `?endpoint=http://host:port` names another service.
 *
 * @throws TqError `INVALID_OPTION`
 */
export function resolveOptions(url: string, given: SqsAdapterOptions): ResolvedOptions {
  const [match, authority = '', path = '', query = ''] = parts.exec(url) ?? []
  if (match === undefined)
    throw invalidUrl(url, 'write sqs://region/prefix, with ?endpoint=… for an emulator')
  const at = authority.lastIndexOf('@')
  const region = authority.slice(at + 1)
  if (!/^[a-z0-9-]*$/i.test(region)) throw invalidUrl(url, `'${region}' is no region`)
  const prefix = decodedPart(path.replace(/\/$/, ''), url)
  if (!/^$|^[A-Za-z0-9](?:[A-Za-z0-9]|[-_](?![-_])){0,19}$/.test(prefix) || prefix.endsWith('_')) {
    throw invalidUrl(url, 'a prefix has up to 20 letters, digits and single "-" or "_"')
  }
  const named = new Map(new URLSearchParams(query))
  const endpoint = named.get('endpoint') ?? given.connection?.endpoint
  const connection: SQSClientConfig = {
    ...given.connection,
    ...(region === '' ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(at < 0 ? {} : { credentials: accessKeys(authority.slice(0, at), url) }),
  }
  const text = (name: string, otherwise: string | number | boolean) => String(named.get(name) ?? otherwise)
  const resolved: ResolvedOptions = {
    prefix,
    connection,
    createQueues:
      oneOf(url, 'createQueues', text('createQueues', given.createQueues ?? false), ['true', 'false']) ===
      'true',
    fifo: oneOf(url, 'ordering', text('ordering', given.ordering ?? 'none'), ['none', 'fifo']) === 'fifo',
    levels: oneOf(url, 'priorities', text('priorities', given.priorities ?? 3), ['1', '3']) === '1' ? 1 : 3,
    maxReceiveCount: whole(
      url,
      'maxReceiveCount',
      text('maxReceiveCount', given.maxReceiveCount ?? 100),
      1,
      1_000,
    ),
    maxMessageBytes: whole(
      url,
      'maxMessageBytes',
      text('maxMessageBytes', given.maxMessageBytes ?? messageBytes),
      4_096,
      messageBytes,
    ),
  }
  const unknown = [...named.keys()].find((name) => name !== 'endpoint' && !options.has(name))
  if (unknown !== undefined) {
    throw invalidUrl(url, `'${unknown}' is no option. There are: endpoint ${[...options].join(' ')}`)
  }
  return resolved
}

const options: ReadonlySet<string> = new Set([
  'createQueues',
  'ordering',
  'priorities',
  'maxReceiveCount',
  'maxMessageBytes',
])

function oneOf<T extends string>(url: string, name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value)
  if (found === undefined) throw invalidUrl(url, `${name} is one of: ${allowed.join(' ')}`)
  return found
}

function whole(url: string, name: string, value: string, from: number, to: number): number {
  const number = Number(value)
  if (/^\d+$/.test(value) && number >= from && number <= to) return number
  throw invalidUrl(url, `${name} is a whole number from ${from} to ${to}`)
}
