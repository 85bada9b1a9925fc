import { realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { invalidUrl, type Millis } from '@tq/core/driver'

/** Defaults for every URL this adapter opens; a URL's own `?name=value` goes first. */
export interface SqliteOptions {
  /**
   * `full`: what was accepted survives a power cut. `normal`: it survives the death of any process, but a power
   * cut may take the last moments.
   *
   * @default 'full'
   */
  readonly synchronous?: Synchronous
  /**
   * How long a change waits, without blocking the event loop, while another process keeps the file locked.
   *
   * @default 10_000
   */
  readonly busyTimeoutMs?: Millis
}

/** How durable a change is when its promise resolves. */
export type Synchronous = 'full' | 'normal'

/** Everything about one file, from a URL and the adapter's options. */
export interface ResolvedOptions {
  /** Absolute, with links in its folder resolved: equal for all spellings of one file. */
  readonly file: string
  readonly synchronous: Synchronous
  readonly busyTimeoutMs: Millis
}

/**
 * Reads `sqlite:path/to/file.db`, `sqlite:/abs/file.db`, `sqlite:///abs/file.db`, each with `?synchronous=normal` or
 * `?busyTimeoutMs=5000`. A relative path starts at the process's working directory. `~` means nothing here: a shell
 * expands it, a URL does not.
 *
 * @throws TqError `INVALID_OPTION`
 */
export function resolveOptions(url: string, given: SqliteOptions): ResolvedOptions {
  const [, rest = ''] = /^sqlite:(.*)$/is.exec(url) ?? []
  const mark = rest.indexOf('?')
  const path = pathOf(mark < 0 ? rest : rest.slice(0, mark), url)
  const named = fromQuery(new URLSearchParams(mark < 0 ? '' : rest.slice(mark + 1)), url)
  const { synchronous = 'full', busyTimeoutMs = 10_000 } = { ...given, ...named }
  if (synchronous !== 'full' && synchronous !== 'normal') {
    throw invalidUrl(url, `synchronous is '${String(synchronous)}'; use 'full' or 'normal'`)
  }
  if (!Number.isFinite(busyTimeoutMs) || busyTimeoutMs < 0) {
    throw invalidUrl(url, `busyTimeoutMs is '${String(busyTimeoutMs)}'; use a number of milliseconds`)
  }
  return Object.freeze({ file: canonical(resolve(path)), synchronous, busyTimeoutMs })
}

function pathOf(text: string, url: string): string {
  if (text === '') throw invalidUrl(url, 'it names no file. Write sqlite:path/to/file.db')
  if (text === ':memory:' || text.startsWith('file:')) {
    throw invalidUrl(
      url,
      'a database in memory belongs to one connection, so that a broker, its backend and other workers could not share it. Use memory: instead, or a file',
    )
  }
  if (/^\/\/[^/]/.test(text)) {
    throw invalidUrl(url, 'SQLite has no host. Write sqlite:path/to/file.db or sqlite:///absolute/path.db')
  }
  try {
    return decodeURIComponent(text)
  } catch {
    throw invalidUrl(url, "a '%' in it starts no valid escape. Write %25 for a percent sign")
  }
}

function fromQuery(query: URLSearchParams, url: string): SqliteOptions {
  const named: { synchronous?: Synchronous; busyTimeoutMs?: Millis } = {}
  for (const [name, value] of query) {
    // The value is checked together with the adapter's.
    if (name === 'synchronous') named.synchronous = value.toLowerCase() as Synchronous
    else if (name === 'busyTimeoutMs') named.busyTimeoutMs = value === '' ? Number.NaN : Number(value)
    else throw invalidUrl(url, `'${name}' is no option. There are: synchronous, busyTimeoutMs`)
  }
  return named
}

/** Links resolved as far as the path exists, so that two spellings of one file name one store. */
function canonical(file: string): string {
  try {
    return realpathSync(file)
  } catch {
    const folder = dirname(file)
    return folder === file ? file : join(canonical(folder), basename(file))
  }
}
