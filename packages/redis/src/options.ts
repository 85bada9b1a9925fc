import { decodedPart, invalidUrl } from '@tq/core/driver'
import type { Cluster, Redis, RedisOptions } from 'ioredis'

/** ioredis 6 lets replies come in two shapes; ours are those of ioredis 5. */
export type ConnectionOptions = RedisOptions & { replyMapping?: 'legacy' }

/** How this adapter reaches Redis. */
export interface RedisAdapterOptions {
  /**
   * An ioredis connection of the application (5.11 or newer). The adapter makes connections of its own like it
   * (`duplicate()`), and closes those; the given one stays as it is.
   */
  readonly client?: Redis | Cluster
  /** Options of ioredis for connections made by URL: TLS certificates, a name resolver. The URL goes first. */
  readonly connection?: ConnectionOptions
}

/** A connection's target, from a URL. */
export type Target =
  | { readonly kind: 'standalone'; readonly options: ConnectionOptions }
  | {
      readonly kind: 'cluster'
      readonly nodes: readonly { readonly host: string; readonly port: number }[]
      readonly options: ConnectionOptions
    }
  | { readonly kind: 'client'; readonly client: Redis | Cluster }

/** A target, and the store it stands for: equal for all spellings of one place, undefined on a Cluster. */
export interface ResolvedOptions {
  readonly target: Target
  /** ioredis puts it in front of keys; we do that ourselves, since scripts name keys, too. */
  readonly keyPrefix: string
  readonly store: string | undefined
}

const schemes = /^(rediss?)(?:\+(cluster|sentinel))?:\/\//i

/**
 * Reads `redis://user:password@host:6379/0`, `rediss://…`, `redis+cluster://host:7000,host:7001`,
 * `redis+sentinel://host:26379,host:26379/name-of-the-master/0`, `redis:///run/redis.sock`.
 * `?name=` is how the connections are called in `CLIENT LIST`.
 *
 * @throws TqError `INVALID_OPTION`
 */
export function resolveOptions(url: string, given: RedisAdapterOptions): ResolvedOptions {
  if (given.client) return { ...fromClient(given.client), keyPrefix: prefixOf(given.client) }
  return { ...fromUrl(url, given), keyPrefix: given.connection?.keyPrefix ?? '' }
}

type Place = Omit<ResolvedOptions, 'keyPrefix'>

function prefixOf(client: Redis | Cluster): string {
  const { keyPrefix } = client.options as { readonly keyPrefix?: string }
  return keyPrefix ?? ''
}

function fromUrl(url: string, given: RedisAdapterOptions): Place {
  const [start, scheme = '', mode] = schemes.exec(url) ?? []
  if (start === undefined) throw invalidUrl(url, 'write redis://host:6379, with user:password@ where needed')
  const tls = scheme.toLowerCase() === 'rediss' ? { tls: given.connection?.tls ?? {} } : {}
  const rest = url.slice(start.length)
  const authority = /^[^/?#]*/.exec(rest)?.[0] ?? ''
  const at = authority.lastIndexOf('@')
  const login = at < 0 ? {} : credentials(authority.slice(0, at), url)
  const hosts = (at < 0 ? authority : authority.slice(at + 1)).split(',').map((part) => hostOf(part, url))
  const [path = '', query = ''] = rest.slice(authority.length).replace(/^\/+/, '').split('?', 2)
  const common: ConnectionOptions = { ...given.connection, ...fromQuery(query, url), ...tls, ...login }
  if (mode?.toLowerCase() === 'cluster') {
    const nodes = hosts.map(({ host, port }) => ({ host, port: port ?? 6379 }))
    return { target: { kind: 'cluster', nodes, options: common }, store: undefined }
  }
  if (mode?.toLowerCase() === 'sentinel') return sentinel(url, hosts, path, common)
  const [first] = hosts
  if (hosts.length !== 1 || first === undefined) {
    throw invalidUrl(url, 'several hosts are for redis+cluster: and redis+sentinel:')
  }
  if (authority === '' && path !== '' && !/^\d+$/.test(path)) {
    const options: ConnectionOptions = { ...common, path: `/${decodedPart(path, url)}` }
    return { target: { kind: 'standalone', options }, store: `redis:/${path}/0` }
  }
  const db = database(path, url)
  const options: ConnectionOptions = { ...common, host: first.host, port: first.port ?? 6379, db }
  return { target: { kind: 'standalone', options }, store: `redis:${first.host}:${first.port ?? 6379}/${db}` }
}

function fromQuery(query: string, url: string): ConnectionOptions {
  const named: ConnectionOptions = {}
  for (const [name, value] of new URLSearchParams(query)) {
    if (name !== 'name') throw invalidUrl(url, `'${name}' is no option. There is: name`)
    named.connectionName = value
  }
  return named
}

function sentinel(
  url: string,
  hosts: readonly { readonly host: string; readonly port: number | undefined }[],
  path: string,
  common: ConnectionOptions,
): Place {
  const [name = '', number = ''] = path.split('/')
  if (name === '') throw invalidUrl(url, 'name the master: redis+sentinel://host:26379/mymaster')
  const db = database(number, url)
  const sentinels = hosts.map(({ host, port }) => ({ host, port: port ?? 26_379 }))
  const master = decodedPart(name, url)
  const enableTLSForSentinelMode = common.tls !== undefined
  const options: ConnectionOptions = { ...common, sentinels, name: master, db, enableTLSForSentinelMode }
  const places = sentinels.map(({ host, port }) => `${host}:${port}`).sort()
  return { target: { kind: 'standalone', options }, store: `redis:sentinel:${places}/${master}/${db}` }
}

function fromClient(client: Redis | Cluster): Place {
  const target: Target = { kind: 'client', client }
  if (client.isCluster) return { target, store: undefined }
  const { host, port, path, db, sentinels, name } = (client as Redis).options
  const place = sentinels
    ? `sentinel:${sentinels.map((one) => `${one.host}:${one.port}`).sort()}/${name}`
    : (path ?? `${host}:${port}`)
  return { target, store: `redis:${place}/${db ?? 0}` }
}

function hostOf(part: string, url: string): { readonly host: string; readonly port: number | undefined } {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:]*))(?::(\d+))?$/.exec(part) ?? []
  const host = bracketed ?? plain
  if (host === undefined) throw invalidUrl(url, 'a host is not readable')
  const port = digits === undefined ? undefined : Number(digits)
  if (port !== undefined && (port < 1 || port > 65_535)) throw invalidUrl(url, 'a port is out of range')
  return { host: host === '' ? 'localhost' : decodedPart(host, url), port }
}

function credentials(text: string, url: string): ConnectionOptions {
  const colon = text.indexOf(':')
  if (colon < 0) return { username: decodedPart(text, url) }
  const username = decodedPart(text.slice(0, colon), url)
  const password = decodedPart(text.slice(colon + 1), url)
  return username === '' ? { password } : { username, password }
}

function database(text: string, url: string): number {
  if (text === '') return 0
  if (!/^\d+$/.test(text)) throw invalidUrl(url, `'${text}' is no database number`)
  return Number(text)
}
