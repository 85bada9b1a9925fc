import type { Millis } from '@tq/core/driver'
import type { Client } from 'pg'
import type { Connection } from './connection.ts'
import { inSchema, type Sql, shortHash, unsynced } from './statement.ts'

/** What can be watched: each has a channel, so that nobody is woken for the other. */
export type Kind = 'record' | 'state'

/** That somebody watches is remembered so long, and said again in time. */
const watchedMs: Millis = 60_000
const sayEveryMs: Millis = 20_000
const retryMs: { readonly first: Millis; readonly most: Millis } = { first: 50, most: 1_000 }
/** PostgreSQL takes 8000 bytes; beyond that everybody is told that anything may have changed. */
const mostBytes = 7_900
const anything = '*'

const say: Sql = `INSERT INTO @.watchers AS w (namespace, kind, until)
  SELECT n.id, k.kind, now() + $2 * interval '1 millisecond'
  FROM @.namespaces AS n, unnest($3::text[]) AS k(kind) WHERE n.name = $1 ORDER BY k.kind
  ON CONFLICT (namespace, kind) DO UPDATE SET until = excluded.until
  RETURNING ${unsynced}`
const notify: Sql = `SELECT ${unsynced}, pg_notify($1, $2)`

/**
 * Tells that records or state may have changed, by LISTEN on one connection of its own. A commit that notifies waits for
 * all others that do, so changes are told after they were made, in statements of their own, many at once, and only
 * while somebody watches: a row says whether.
 */
export class Hints {
  readonly #connection: Connection
  readonly #records = new Map<string, Set<() => void>>()
  readonly #prefixes = new Map<() => void, string>()
  readonly #telling = new Map<Kind, Set<string>>()
  #client: Client | undefined
  #connecting = false
  #attempts = 0
  #cancel: (() => void) | undefined
  #closed = false

  constructor(connection: Connection) {
    this.#connection = connection
  }

  onRecord(id: string, onHint: () => void): () => void {
    const callback = () => onHint()
    const known = this.#records.get(id)
    if (known) known.add(callback)
    else this.#records.set(id, new Set([callback]))
    this.#started('record')
    return () => {
      const callbacks = this.#records.get(id)
      if (callbacks?.delete(callback) && callbacks.size === 0) this.#records.delete(id)
    }
  }

  onState(prefix: string, onHint: () => void): () => void {
    const callback = () => onHint()
    this.#prefixes.set(callback, prefix)
    this.#started('state')
    return () => {
      this.#prefixes.delete(callback)
    }
  }

  /** Says that these may have changed. Changes within one statement's time travel together. */
  tell(kind: Kind, names: readonly string[]): void {
    const waiting = this.#telling.get(kind)
    if (waiting) {
      for (const name of names) waiting.add(name)
      return
    }
    this.#telling.set(kind, new Set(names))
    void this.#tell(kind)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#cancel?.()
    const client = this.#client
    this.#client = undefined
    await client?.end().catch(() => {})
  }

  async #tell(kind: Kind): Promise<void> {
    for (;;) {
      const names = this.#telling.get(kind)
      if (!names || names.size === 0 || this.#closed) break
      this.#telling.set(kind, new Set())
      try {
        for (const payload of payloads(names)) {
          await this.#connection.query(notify, [this.#channel(kind), payload])
        }
      } catch {
        // Hints may be lost.
      }
    }
    this.#telling.delete(kind)
  }

  #started(kind: Kind): void {
    if (!this.#client) this.#connect()
    // The first of its kind: changes are told from now on.
    else if ((kind === 'record' ? this.#records.size : this.#prefixes.size) === 1) this.#say(this.#client)
  }

  #connect(): void {
    if (this.#connecting || this.#closed || !this.#wanted()) return
    this.#connecting = true
    void this.#listen().finally(() => {
      this.#connecting = false
      if (!this.#client) this.#again()
    })
  }

  async #listen(): Promise<void> {
    let client: Client | undefined
    try {
      client = this.#connection.another()
      const own = client
      own.on('error', () => this.#lost(own))
      own.on('end', () => this.#lost(own))
      own.on('notification', ({ channel, payload = anything }) => this.#onNotification(channel, payload))
      await own.connect()
      await own.query(`LISTEN ${this.#channel('record')}; LISTEN ${this.#channel('state')}`)
      if (this.#closed) throw new Error('closed meanwhile')
      this.#client = own
      this.#attempts = 0
      await this.#said(own)
      // What changed before, or while it was away, nobody told.
      this.#tellAll()
    } catch {
      this.#client = undefined
      void client?.end().catch(() => {})
    }
  }

  /** Says that somebody watches; also finds out whether the connection still is one. */
  #say(client: Client): void {
    this.#said(client).catch(() => this.#lost(client))
  }

  async #said(client: Client): Promise<void> {
    const kinds: Kind[] = []
    if (this.#records.size > 0) kinds.push('record')
    if (this.#prefixes.size > 0) kinds.push('state')
    const { schema, namespaceName, timeoutMs } = this.#connection
    const asked = { text: inSchema(say, schema), values: [namespaceName, watchedMs, kinds] }
    await client.query({ ...asked, query_timeout: timeoutMs } as typeof asked)
    this.#cancel?.()
    this.#cancel = this.#connection.clock.setTimer(sayEveryMs, () => this.#say(client), { background: true })
  }

  #lost(client: Client): void {
    if (this.#client !== client) return
    this.#client = undefined
    this.#cancel?.()
    void client.end().catch(() => {})
    this.#again()
  }

  #again(): void {
    if (this.#closed || this.#connecting || !this.#wanted()) return
    const most = Math.min(retryMs.most, retryMs.first * 2 ** Math.min(this.#attempts++, 6))
    this.#cancel?.()
    this.#cancel = this.#connection.clock.setTimer(
      most * (0.5 + Math.random() * 0.5),
      () => this.#connect(),
      { background: true },
    )
  }

  #wanted(): boolean {
    return this.#records.size > 0 || this.#prefixes.size > 0
  }

  #onNotification(channel: string, payload: string): void {
    if (payload === anything) {
      this.#tellAll()
      return
    }
    const names = JSON.parse(payload) as readonly string[]
    if (channel === this.#channel('record')) {
      for (const name of names) for (const callback of [...(this.#records.get(name) ?? [])]) callback()
      return
    }
    for (const [callback, prefix] of [...this.#prefixes]) {
      if (names.some((name) => name.startsWith(prefix))) callback()
    }
  }

  #tellAll(): void {
    for (const callbacks of [...this.#records.values()]) for (const callback of [...callbacks]) callback()
    for (const callback of [...this.#prefixes.keys()]) callback()
  }

  #channel(kind: Kind): string {
    const { schema, namespaceName } = this.#connection
    return `tq_${kind}_${shortHash(`${schema} ${namespaceName}`)}`
  }
}

/** The names in as few notifications as they fit in. */
export function payloads(names: ReadonlySet<string>): readonly string[] {
  const parts: string[] = []
  let part: string[] = []
  let bytes = 2
  for (const name of names) {
    const more = Buffer.byteLength(JSON.stringify(name)) + 1
    if (more + 2 > mostBytes) return [anything]
    if (bytes + more > mostBytes) {
      parts.push(JSON.stringify(part))
      part = []
      bytes = 2
    }
    part.push(name)
    bytes += more
  }
  parts.push(JSON.stringify(part))
  // So many at once: one who looks at everything is cheaper.
  return parts.length > 8 ? [anything] : parts
}
