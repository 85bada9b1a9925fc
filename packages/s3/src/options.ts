import type { S3ClientConfig } from '@aws-sdk/client-s3'
import { accessKeys, decodedPart, invalidUrl, type Millis } from '@tq/core/driver'

/** How this adapter reaches S3. In a URL each goes first. */
export interface S3Options {
  /**
   * Of the AWS SDK's client: credentials, a proxy, an endpoint. Region and credentials are otherwise found as the SDK
   * finds them. It repeats nothing: core does.
   */
  readonly connection?: S3ClientConfig
  /** A call that takes longer has failed. @default 30_000 */
  readonly timeoutMs?: Millis
}

/** Everything about one bucket, from a URL and the adapter's options. */
export interface ResolvedOptions {
  readonly bucket: string
  /** What all keys begin with, a slash at its end; or nothing. */
  readonly prefix: string
  readonly connection: S3ClientConfig
  readonly timeoutMs: Millis
}

const parts = /^s3:\/\/([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/i
const known = ['region', 'endpoint', 'pathStyle', 'timeoutMs']

/**
 * Reads `s3://bucket/prefix?region=eu-central-1`. `s3://key:secret@bucket/…` carries credentials, `?endpoint=https://…`
 * names another service, which is asked by path (`endpoint/bucket/key`) unless `pathStyle=false`.
 *
 * @throws TqError `INVALID_OPTION`
 */
export function resolveOptions(url: string, given: S3Options): ResolvedOptions {
  const [match, authority = '', path = '', query = ''] = parts.exec(url) ?? []
  if (match === undefined)
    throw invalidUrl(url, 'write s3://bucket/prefix, with ?region=… where the SDK finds none')
  const at = authority.lastIndexOf('@')
  const bucket = authority.slice(at + 1)
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) {
    throw invalidUrl(url, "a bucket's name has 3 to 63 small letters, digits, '-' and '.'")
  }
  const prefix = decodedPart(path, url).replace(/^\/+|\/+$/g, '')
  if (prefix.length > 200) throw invalidUrl(url, 'a prefix has at most 200 characters')
  const named = new Map(new URLSearchParams(query))
  const unknown = [...named.keys()].find((name) => !known.includes(name))
  if (unknown !== undefined)
    throw invalidUrl(url, `'${unknown}' is no option. There are: ${known.join(', ')}`)
  const timeoutMs = Number(
    named.get('timeoutMs') || (named.has('timeoutMs') ? Number.NaN : (given.timeoutMs ?? 30_000)),
  )
  if (!(timeoutMs >= 500 && timeoutMs < 2 ** 31)) {
    throw invalidUrl(url, 'timeoutMs is a number of milliseconds from 500 on')
  }
  const endpoint = named.get('endpoint') ?? given.connection?.endpoint
  const region = named.get('region')
  const pathStyle =
    named.get('pathStyle') ?? String(given.connection?.forcePathStyle ?? endpoint !== undefined)
  if (pathStyle !== 'true' && pathStyle !== 'false') {
    throw invalidUrl(url, `pathStyle is '${pathStyle}'; use true or false`)
  }
  const connection: S3ClientConfig = {
    ...given.connection,
    forcePathStyle: pathStyle === 'true',
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(at < 0 ? {} : { credentials: accessKeys(authority.slice(0, at), url) }),
  }
  return { bucket, prefix: prefix === '' ? '' : `${prefix}/`, connection, timeoutMs }
}
