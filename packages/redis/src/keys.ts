import { type WrittenArguments, writtenTexts } from './arguments.ts'
import { escaped, placeOf } from './places.ts'

/**
 * The names of everything a namespace keeps. Distinct parts give distinct keys: a part cannot contain what separates
 * it from the next. All keys of one queue carry its name as their hash tag, so that they lie on one node of a Cluster.
 */
export class Keys {
  readonly #prefix: string
  readonly #queues = new Map<string, QueueKeys>()

  /** @param prefix of the application's own connection */
  constructor(namespace: string, prefix = '') {
    this.#prefix = `${prefix}tq:${escaped(namespace)}:`
  }

  queue(name: string): QueueKeys {
    const known = this.#queues.get(name)
    if (known) return known
    const keys = queueKeys(`${this.#prefix}{${escaped(name)}}:`)
    this.#queues.set(name, keys)
    return keys
  }

  /** What comes before the name of a bucket in its key: of records of tasks that go on, and of those that ended. */
  get recordPrefixes(): { readonly open: string; readonly ended: string } {
    return { open: `${this.#prefix}o:{`, ended: `${this.#prefix}r:{` }
  }

  /** The hashes that may hold a bucket's records. */
  bucket(name: string): { readonly open: string; readonly ended: string } {
    const { open, ended } = this.recordPrefixes
    return { open: `${open}${name}}`, ended: `${ended}${name}}` }
  }

  /** The names of all buckets, by when they came. No queue's name can be this tag. */
  get buckets(): string {
    return `${this.#prefix}{:h}:b`
  }

  /** Tasks that ended in FAILURE or REVOKED. */
  get endedBadly(): string {
    return `${this.#prefix}{:h}:x`
  }

  /** The parts of one thing of the state store, `kind` being its verb. */
  state(kind: string, name: string, ...parts: readonly string[]): string[] {
    const base = `${this.#prefix}${kind}:{${escaped(name)}}`
    return parts.map((part) => (part === '' ? base : `${base}:${part}`))
  }

  /** Is there as long as anybody watches records. */
  get watched(): string {
    return `${this.#prefix}watched`
  }

  /** The channel on which changes of this are told. */
  recordChannel(id: string): string {
    const { bucket, field } = placeOf(id)
    return `${this.bucket(bucket).ended}:${field}`
  }

  get stateChannel(): string {
    return `${this.#prefix}state`
  }
}

export interface QueueKeys {
  /** What comes before the id of a receiver in its key. */
  readonly heldPrefix: string
  /** Receivers by the end of their lease. */
  readonly leases: string
  /** There when something may be ready; a waiting receiver takes it. */
  readonly wake: string
  readonly delayed: string
  /** Makes delayed messages distinct, and keeps their order. */
  readonly sequence: string
  /** By priority. */
  readonly ready: readonly string[]
  /** All that publishing may touch, in the order scripts expect. */
  readonly publishing: readonly string[]
  readonly writtenPublishing: WrittenArguments
  /** All that leasing touches but the receiver's own hash. */
  readonly writtenLeasing: WrittenArguments
  /** By priority: all that it takes to publish messages of one priority, none of them delayed. */
  readonly writtenPushing: readonly WrittenArguments[]
}

function queueKeys(prefix: string): QueueKeys {
  const ready = Array.from({ length: 10 }, (_, priority) => `${prefix}${priority}`)
  const [wake, delayed, sequence] = [`${prefix}w`, `${prefix}d`, `${prefix}n`]
  const publishing = [wake, delayed, sequence, ...ready]
  const leases = `${prefix}l`
  return {
    heldPrefix: `${prefix}h:`,
    leases,
    wake,
    delayed,
    sequence,
    ready,
    publishing,
    writtenPublishing: writtenTexts(publishing),
    writtenLeasing: writtenTexts([leases, wake, delayed, ...ready]),
    writtenPushing: ready.map((list) => writtenTexts([wake, list])),
  }
}
