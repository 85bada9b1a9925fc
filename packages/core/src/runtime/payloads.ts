import { createHash } from 'node:crypto'
import type { KeptPayload, PayloadStore } from '../contracts/payload-store.ts'
import type { Clock, Millis } from '../contracts/time.ts'
import { isTransient } from '../errors/broker-error.ts'
import { TqError } from '../errors/tq-error.ts'
import type { Codecs } from '../task/codec.ts'
import type { PayloadRef } from '../task/payload-ref.ts'
import { sleep } from '../util/sleep.ts'
import type { ResolvedPayload } from './payload-settings.ts'

/** A value that is to be kept outside its message, and what stands for it there. */
export interface Aside {
  readonly ref: PayloadRef
  readonly kept: KeptPayload
}

/** What is kept of one task, its result apart: the result outlives the rest. */
export const ownerOf = (id: string, generation: number): string => `${encodeURIComponent(id)}.${generation}`

/** Payloads gone are deleted this many at a time. */
const deletedAtOnce = 100

/**
 * The claim check: values that are too large to travel are kept in a store, and a reference travels. Kept before the
 * message is sent, and deleted when the task has ended; what a crash leaves behind ends by itself.
 */
export class Payloads {
  /** Longer messages and results are kept outside. `Infinity` where the app does without. */
  readonly aboveBytes: number
  readonly maxBytes: number
  readonly #write: PayloadStore | undefined
  readonly #stores: ReadonlyMap<string, PayloadStore>
  readonly #codec: Codecs
  readonly #clock: Clock
  readonly #timeoutMs: Millis
  /** Whether a late copy of a message is known as one: only then may what it needs be deleted. */
  readonly #deletes: boolean
  #gone: PayloadRef[] = []
  #deleting: Promise<void> | undefined

  constructor(
    settings: ResolvedPayload | undefined,
    write: PayloadStore | undefined,
    stores: readonly PayloadStore[],
    options: {
      readonly codec: Codecs
      readonly clock: Clock
      readonly timeoutMs: Millis
      readonly deletes: boolean
    },
  ) {
    this.aboveBytes = settings?.aboveBytes ?? Number.POSITIVE_INFINITY
    this.maxBytes = Math.min(settings?.maxBytes ?? 0, write?.maxBytes ?? 0)
    this.#write = write
    this.#stores = new Map(stores.map((store) => [store.name, store]))
    this.#codec = options.codec
    this.#clock = options.clock
    this.#timeoutMs = options.timeoutMs
    this.#deletes = options.deletes
  }

  /** Whether values may be kept outside. */
  get on(): boolean {
    return this.#write !== undefined
  }

  /** Not yet kept. @throws TqError `PAYLOAD_TOO_LARGE` */
  aside(owner: string, value: unknown, ttlMs: Millis, what: string): Aside {
    const body = this.#codec.encode(value)
    const bytes = body.byteLength
    if (bytes > this.maxBytes) {
      throw new TqError(
        'PAYLOAD_TOO_LARGE',
        `The ${what} is ${bytes} bytes; the limit is ${this.maxBytes}. Store the data and pass where it is, or raise payload.max.`,
        { details: { size: bytes, limit: this.maxBytes } },
      )
    }
    const codec = this.#codec.name === 'json' ? {} : { codec: this.#codec.name }
    return asideOf(owner, body, { store: this.#write?.name ?? '', ...codec }, ttlMs)
  }

  /**
   * Resolves when all of them are kept.
   *
   * @throws TqError `PAYLOAD_STORE_UNREACHABLE` after the app's `publishTimeout`, `PAYLOAD_STORE_REFUSED`
   */
  async keep(asides: readonly Aside[]): Promise<void> {
    for (const store of this.#stores.values()) {
      const own = asides.filter(({ ref }) => ref.store === store.name)
      if (own.length > 0) await this.#keepIn(store, own)
    }
  }

  async #keepIn(store: PayloadStore, asides: readonly Aside[]): Promise<void> {
    const deadline = this.#clock.monotonic() + this.#timeoutMs
    for (let round = 0; ; round++) {
      try {
        await store.put(asides.map(({ kept }) => kept))
        return
      } catch (cause) {
        const passing = isTransient(store.classify(cause))
        if (!passing || this.#clock.monotonic() >= deadline)
          throw storeError(store, 'keeping', cause, passing)
        await sleep(this.#clock, Math.min(1_000, 25 * 2 ** round) * (0.5 + Math.random() / 2))
      }
    }
  }

  /**
   * The values, in order; an error in the place of each that is gone, damaged, or in a store this process has not.
   *
   * @throws TqError `PAYLOAD_STORE_UNREACHABLE`, `PAYLOAD_STORE_REFUSED`; asking again is right
   */
  async load(refs: readonly PayloadRef[]): Promise<readonly unknown[]> {
    const bodies = await this.#bodies(refs)
    return refs.map((ref, at) => {
      const body = bodies[at]
      if (!(body instanceof Uint8Array)) return body
      const headers = this.#codec.headersOf(ref.codec ?? 'json')
      try {
        return this.#codec.decode(body, headers)
      } catch (error) {
        return error
      }
    })
  }

  /** One value. @throws TqError the same, and `PAYLOAD_MISSING` */
  async loadOne(ref: PayloadRef): Promise<unknown> {
    const [value] = await this.load([ref])
    if (value instanceof TqError) throw value
    return value
  }

  /** The same payloads for another owner, in the same store, where they are still there. Not yet kept. */
  async copies(
    owner: string,
    refs: readonly PayloadRef[],
    ttlMs: Millis,
  ): Promise<readonly (Aside | undefined)[]> {
    const bodies = await this.#bodies(refs)
    return refs.map(({ key: _k, bytes: _b, ...rest }, at) => {
      const body = bodies[at]
      return body instanceof Uint8Array ? asideOf(owner, body, rest, ttlMs) : undefined
    })
  }

  /** Deletes them soon, with others. What cannot be deleted ends by itself. */
  forget(refs: readonly PayloadRef[]): void {
    if (refs.length === 0 || !this.#deletes) return
    this.#gone.push(...refs)
    this.#deleting ??= new Promise<void>((resolve) => setImmediate(resolve))
      .then(() => this.#delete())
      .finally(() => {
        this.#deleting = undefined
      })
  }

  /** Resolves when what was to be deleted is. */
  async drain(): Promise<void> {
    while (this.#deleting !== undefined) await this.#deleting
  }

  async close(): Promise<void> {
    await this.drain()
    for (const store of this.#stores.values()) await store.close()
  }

  async #delete(): Promise<void> {
    while (this.#gone.length > 0) {
      const part = this.#gone.splice(0, deletedAtOnce)
      const names = new Set(part.map(({ store }) => store))
      for (const name of names) {
        const refs = part.filter(({ store }) => store === name)
        await this.#stores
          .get(name)
          ?.delete(refs)
          .catch(() => {})
      }
    }
  }

  async #bodies(refs: readonly PayloadRef[]): Promise<readonly (Uint8Array | TqError)[]> {
    const found = new Map<PayloadRef, Uint8Array | undefined>()
    for (const [name, store] of this.#stores) {
      const own = refs.filter((ref) => ref.store === name)
      if (own.length === 0) continue
      const bodies = await store.get(own).catch((cause: unknown) => {
        throw storeError(store, 'reading', cause, isTransient(store.classify(cause)))
      })
      for (const [at, ref] of own.entries()) found.set(ref, bodies[at])
    }
    return refs.map((ref) => checked(ref, found.get(ref), this.#stores.has(ref.store)))
  }
}

function asideOf(
  owner: string,
  body: Uint8Array,
  rest: Pick<PayloadRef, 'store' | 'codec'>,
  ttlMs: Millis,
): Aside {
  const key = `${owner}/${checksum(body)}`
  const bytes = body.byteLength
  return { ref: { ...rest, key, bytes }, kept: { key, bytes, body, ttlMs } }
}

const checksum = (body: Uint8Array): string =>
  createHash('sha256').update(body).digest('base64url').slice(0, 22)

/** Whether it is gone for good, so that asking again does not help. */
export const isMissing = (error: unknown): boolean =>
  error instanceof TqError && error.code === 'PAYLOAD_MISSING'

function checked(ref: PayloadRef, body: Uint8Array | undefined, isKnown: boolean): Uint8Array | TqError {
  const details = { store: ref.store, key: ref.key, bytes: ref.bytes }
  if (!isKnown) {
    return new TqError(
      'PAYLOAD_STORE_UNKNOWN',
      `A payload is kept in '${ref.store}', which this process does not know: give it the same payload.offload (or TQ_PAYLOAD_URL) as the sender.`,
      { details },
    )
  }
  if (body?.byteLength === ref.bytes && ref.key.endsWith(`/${checksum(body)}`)) return body
  const what = body === undefined ? 'is gone: it was deleted, or has expired' : 'is damaged'
  return new TqError('PAYLOAD_MISSING', `The payload '${ref.key}' in '${ref.store}' ${what}.`, { details })
}

function storeError(store: PayloadStore, doing: string, cause: unknown, passing: boolean): TqError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new TqError(
    passing ? 'PAYLOAD_STORE_UNREACHABLE' : 'PAYLOAD_STORE_REFUSED',
    `The payload store '${store.name}' failed at ${doing}: ${reason}`,
    { cause, details: { store: store.name } },
  )
}
