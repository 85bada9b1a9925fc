import type { DynamoDBClientConfig } from '@aws-sdk/client-dynamodb'
import { accessKeys, decodedPart, invalidUrl, type Millis } from '@tq/core/driver'

/** How this adapter reaches DynamoDB. In a URL each goes first. */
export interface DynamodbOptions {
  /**
   * Of the AWS SDK's client: credentials, a proxy, an endpoint. Region and credentials are otherwise found as the SDK
   * finds them. Attempts are ours: throttled calls are tried again within `timeoutMs`, everything else by core.
   */
  readonly connection?: DynamoDBClientConfig
  /** Creates a table that is not there, and turns on its time to live. @default false */
  readonly createTable?: boolean
  /** A verb that takes longer has failed. @default 5_000 */
  readonly timeoutMs?: Millis
  /**
   * How often a worker says that it lives and looks for commands and revokes: three calls or so each time. @default 15_000
   */
  readonly heartbeatMs?: Millis
}

/** Everything about one table, from a URL and the adapter's options. */
export interface ResolvedOptions {
  readonly table: string
  readonly connection: DynamoDBClientConfig
  readonly createTable: boolean
  readonly timeoutMs: Millis
  readonly heartbeatMs: Millis
  /** Equal for all tables of one service: they share its clock. */
  readonly service: string
}

const parts = /^dynamodb:\/\/([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/i
const known = ['endpoint', 'createTable', 'timeoutMs', 'heartbeatMs']

/**
 * Reads `dynamodb://eu-central-1/table?createTable=true`. Without a region the SDK finds one (`AWS_REGION`, profiles);
 * `dynamodb://key:secret@region/…` carries credentials, `?endpoint=http://host:port` names another service.
 *
 * @throws TqError `INVALID_OPTION`
 */
export function resolveOptions(url: string, given: DynamodbOptions): ResolvedOptions {
  const [match, authority = '', path = '', query = ''] = parts.exec(url) ?? []
  if (match === undefined)
    throw invalidUrl(url, 'write dynamodb://region/table, with ?endpoint=… for an emulator')
  const at = authority.lastIndexOf('@')
  const region = authority.slice(at + 1)
  if (!/^[a-z0-9-]*$/i.test(region)) throw invalidUrl(url, `'${region}' is no region`)
  const table = decodedPart(path.replace(/\/$/, ''), url)
  if (!/^[A-Za-z0-9_.-]{3,255}$/.test(table)) {
    throw invalidUrl(url, "a table's name has 3 to 255 letters, digits, '_', '-' and '.'")
  }
  const named = new Map(new URLSearchParams(query))
  const unknown = [...named.keys()].find((name) => !known.includes(name))
  if (unknown !== undefined)
    throw invalidUrl(url, `'${unknown}' is no option. There are: ${known.join(', ')}`)
  const createTable = named.get('createTable') ?? String(given.createTable ?? false)
  if (createTable !== 'true' && createTable !== 'false') {
    throw invalidUrl(url, `createTable is '${createTable}'; use true or false`)
  }
  const millis = (name: 'timeoutMs' | 'heartbeatMs', otherwise: Millis): Millis => {
    const value = Number(named.get(name) || (named.has(name) ? Number.NaN : (given[name] ?? otherwise)))
    if (value >= 500 && value < 2 ** 31) return value
    throw invalidUrl(url, `${name} is a number of milliseconds from 500 on`)
  }
  const timeoutMs = millis('timeoutMs', 5_000)
  const heartbeatMs = millis('heartbeatMs', 15_000)
  const endpoint = named.get('endpoint') ?? given.connection?.endpoint
  const connection: DynamoDBClientConfig = {
    ...given.connection,
    ...(region === '' ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(at < 0 ? {} : { credentials: accessKeys(authority.slice(0, at), url) }),
  }
  const service = typeof endpoint === 'string' ? endpoint : `region ${region}`
  return { table, connection, createTable: createTable === 'true', timeoutMs, heartbeatMs, service }
}
