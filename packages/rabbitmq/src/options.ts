import { decodedPart, invalidUrl, type Millis } from '@tq/core/driver'
import type { SocketOptions } from 'amqplib'

/** How this adapter reaches RabbitMQ. */
export interface RabbitAdapterOptions {
  /** Options of the socket: TLS certificates, a server name. The URL goes first. */
  readonly socket?: SocketOptions
}

export interface Host {
  readonly host: string
  readonly port: number
}

export interface ResolvedOptions {
  readonly tls: boolean
  /** Nodes of one cluster; any will do. */
  readonly hosts: readonly Host[]
  readonly username: string
  readonly password: string
  readonly vhost: string
  /** How the connections are called in the server's lists. */
  readonly name: string
  /** In seconds. The server may ask for less. */
  readonly heartbeat: number
  /** The server's `consumer_timeout`: how long it lets a consumer hold a message. */
  readonly consumerTimeoutMs: Millis
  readonly socket: SocketOptions
}

const schemes = /^(amqps?):\/\//i
const defaultConsumerTimeoutMs = 30 * 60_000
/** As long as a handler may block the event loop by default. */
const defaultHeartbeat = 300

/**
 * Reads `amqp://user:password@host:5672/vhost`, `amqps://…`, `amqp://a,b,c/vhost` for the nodes of a cluster.
 * `?heartbeat=` in seconds, `?consumerTimeout=30m` (`none` for a server without), `?name=` of the connections.
 *
 * @throws TqError `INVALID_OPTION`
 */
export function resolveOptions(url: string, given: RabbitAdapterOptions): ResolvedOptions {
  const [start, scheme = ''] = schemes.exec(url) ?? []
  if (start === undefined) throw invalidUrl(url, 'write amqp://host:5672, with user:password@ where needed')
  const tls = scheme.toLowerCase() === 'amqps'
  const rest = url.slice(start.length)
  const authority = /^[^/?#]*/.exec(rest)?.[0] ?? ''
  const at = authority.lastIndexOf('@')
  const login = at < 0 ? 'guest:guest' : authority.slice(0, at)
  const colon = login.indexOf(':')
  const [path = '', query = ''] = rest.slice(authority.length).split('?', 2)
  const vhost = path.length > 1 ? decodedPart(path.slice(1), url) : '/'
  if (path.slice(1).includes('/')) throw invalidUrl(url, "a '/' within a virtual host is written %2F")
  return {
    tls,
    hosts: (at < 0 ? authority : authority.slice(at + 1)).split(',').map((part) => hostOf(part, tls, url)),
    username: decodedPart(colon < 0 ? login : login.slice(0, colon), url),
    password: colon < 0 ? '' : decodedPart(login.slice(colon + 1), url),
    vhost,
    socket: given.socket ?? {},
    ...fromQuery(query, url),
  }
}

function fromQuery(
  query: string,
  url: string,
): Pick<ResolvedOptions, 'name' | 'heartbeat' | 'consumerTimeoutMs'> {
  let [name, heartbeat, consumerTimeoutMs] = ['tq', defaultHeartbeat, defaultConsumerTimeoutMs]
  for (const [key, value] of new URLSearchParams(query)) {
    if (key === 'name') name = value
    else if (key === 'heartbeat') heartbeat = seconds(value, url)
    else if (key === 'consumerTimeout') consumerTimeoutMs = duration(value, url)
    else throw invalidUrl(url, `'${key}' is no option. There are: consumerTimeout, heartbeat, name`)
  }
  return { name, heartbeat, consumerTimeoutMs }
}

function seconds(text: string, url: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 5 && value <= 3_600) return value
  throw invalidUrl(url, 'heartbeat is a number of seconds from 5 to 3600')
}

const unitsMs: Readonly<Record<string, Millis>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

function duration(text: string, url: string): Millis {
  if (text === 'none') return Number.POSITIVE_INFINITY
  const [, digits, unit = ''] = /^(\d+)(ms|s|m|h|d)$/.exec(text) ?? []
  const value = Number(digits) * (unitsMs[unit] ?? Number.NaN)
  if (value >= 1_000) return value
  throw invalidUrl(url, "consumerTimeout is a duration of at least a second such as 30m, or 'none'")
}

function hostOf(part: string, tls: boolean, url: string): Host {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]*))(?::(\d+))?$/.exec(part) ?? []
  const host = bracketed ?? plain
  if (host === undefined) throw invalidUrl(url, 'a host is not readable')
  const port = digits === undefined ? (tls ? 5671 : 5672) : Number(digits)
  if (port < 1 || port > 65_535) throw invalidUrl(url, 'a port is out of range')
  return { host: host === '' ? 'localhost' : decodedPart(host, url), port }
}
