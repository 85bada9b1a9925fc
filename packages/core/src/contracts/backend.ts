import type { BrokerErrorCode } from './broker.ts'
import type { TaskRecord, TaskState } from './record.ts'
import type { Millis } from './time.ts'

/** One run's request for the right to write a task's record. */
export interface ClaimRequest {
  readonly id: string
  readonly generation: number
  readonly attempt: number
  /** Names this run; a repeated claim with the same `runId` gets the same epoch again. */
  readonly runId: string
  /** How long the claim must be remembered when there is no record yet. */
  readonly ttlMs: Millis
}

/**
 * `epoch`: go on, and write with this number; every earlier claim of the task is fenced out. `superseded`: a later
 * attempt exists. `terminal`: it has ended. `revoked`: it was revoked.
 */
export type ClaimOutcome = { readonly epoch: number } | 'superseded' | 'terminal' | 'revoked'

/** Ends a watch. */
export type Unwatch = () => void

/** Which records a listing is about: those to which all that is given applies. */
export interface HistoryFilter {
  readonly states?: readonly TaskState[]
  readonly name?: string
  readonly queue?: string
  /** How the id begins. */
  readonly idPrefix?: string
  /** When the first record of the task was stored: not before, and before; in milliseconds since 1970, to the second. */
  readonly from?: number
  readonly to?: number
}

export interface HistoryPage {
  readonly records: readonly TaskRecord[]
  /** Undefined at the end. */
  readonly next: string | undefined
}

export interface HistoryCounts {
  readonly states: Readonly<Record<TaskState, number>>
  /** False when not all was looked at, or more than `atMost` were found of a state: then there are at least so many. */
  readonly complete: boolean
}

/**
 * Lists what is kept, for people. Whoever writes records pays next to nothing for it: a backend that has to look through
 * many records for a few does so in bounded steps, never in one long call that holds up others.
 */
export interface TaskHistory {
  /**
   * Records that `get` would give, by when the first record of their task was stored, to the second; the latest first.
   * May give fewer than `limit`, even none, while there is a `next`: it has looked through enough for one call. Over a
   * walk to the end each that was there all the time comes once.
   */
  list(
    filter: HistoryFilter,
    page: { readonly cursor?: string; readonly limit: number; readonly order?: 'latest' | 'earliest' },
  ): Promise<HistoryPage>
  /** How many fit, by state; counts a state no further than `atMost`. */
  counts(filter: HistoryFilter, options: { readonly atMost: number }): Promise<HistoryCounts>
  /**
   * While there are more than `keep` records: forgets tasks that have ended, those first stored earliest first, but none
   * that ended less than `leastAgeMs` ago. Returns how many; when it is not 0 there may be more to do.
   */
  trim(options: { readonly keep: number; readonly leastAgeMs: Millis }): Promise<number>
}

/** Keeps what is known of each task. */
export interface ResultBackend {
  /** Called once per received batch. */
  claim(items: readonly ClaimRequest[]): Promise<readonly ClaimOutcome[]>
  /**
   * Atomic per record. `stale`, and nothing changed, when the stored record is of a higher (generation, attempt,
   * epoch), or is terminal (or its mark is) in the same generation.
   */
  put(records: readonly TaskRecord[]): Promise<readonly ('stored' | 'stale')[]>
  /** In order; undefined where absent or expired. Sees every put that was answered before. */
  get(ids: readonly string[]): Promise<readonly (TaskRecord | undefined)[]>
  /** Forgets records and marks. */
  delete(ids: readonly string[]): Promise<void>
  /** A hint that a record may have changed. Hints may be lost, doubled or late: core also polls. */
  watch?(id: string, onHint: () => void): Unwatch
  /** Where records can be listed. */
  readonly history?: TaskHistory | undefined
}

/** A stored value and its version, which rises with every change. */
export interface Versioned {
  readonly value: string
  readonly version: number
}

/** A page of a collection; `next` is undefined at the end. */
export interface CollectionPage {
  readonly members: readonly { readonly member: string; readonly value: string }[]
  readonly next: string | undefined
}

export interface ParkedItem {
  readonly key: string
  readonly value: string
}

/** A parked item whose time has come. */
export interface DueItem extends ParkedItem {
  /** How long ago it was due, by the store's clock. 0 or more; counts on while it is hidden and comes again. */
  readonly overdueMs: Millis
}

/** A child's word to the join that waits for it. */
export interface JoinReport {
  readonly join: string
  readonly child: string
  readonly value: string
}

/** How far a join is. */
export interface JoinProgress {
  /** Whether the reported value is the child's first, and so the one that counts. */
  readonly added: boolean
  /** How many expected children have reported, this one included. Reports at the same time may be told the same number. */
  readonly done: number
  readonly total: number
  /** Every expected child has reported and the set is sealed. Of reports at the same time that count, one is told. */
  readonly complete: boolean
}

/**
 * Small, must-be-right shared state: uniqueness, joins, limits, pause, schedules, live workers. Every change is
 * atomic; what was answered is seen by everyone. Times are the store's own. Values are text and never parsed.
 */
export interface StateStore {
  get(keys: readonly string[]): Promise<readonly (Versioned | undefined)[]>
  /** `conflict`, and nothing changed, when the key exists (`ifAbsent`) or is of another version (`ifVersion`). */
  put(
    key: string,
    value: string,
    options: { readonly ttlMs: Millis; readonly ifAbsent?: boolean; readonly ifVersion?: number },
  ): Promise<Versioned | 'conflict'>
  /** Whether it was there (and of that version) and is now gone. */
  delete(key: string, options?: { readonly ifVersion?: number }): Promise<boolean>

  /** Adds a member to a named collection, or replaces its value. It leaves by itself after `ttlMs`. */
  add(collection: string, member: string, value: string, options: { readonly ttlMs: Millis }): Promise<void>
  remove(collection: string, member: string): Promise<boolean>
  /** In a stable order, each member at most once over a walk from no cursor to no `next`. */
  page(
    collection: string,
    options: { readonly cursor?: string; readonly limit: number },
  ): Promise<CollectionPage>

  /**
   * Names children a join waits for; may be called again with more until `sealed`. Adding to a sealed join
   * changes nothing. Says how far it is now (`added` is false): who seals last may be the one to learn that it is complete.
   */
  expect(
    join: string,
    children: readonly string[],
    options: { readonly ttlMs: Millis; readonly sealed: boolean },
  ): Promise<JoinProgress>
  /**
   * Children report. The first value per child wins; one that is not expected changes nothing. One answer per report, in
   * order; each report is atomic, the list is not.
   */
  join(reports: readonly JoinReport[]): Promise<readonly JoinProgress[]>
  /** The values that counted, paged in the order the children were named. */
  joined(join: string, options: { readonly cursor?: string; readonly limit: number }): Promise<CollectionPage>

  /** Keeps a value in a named lot until it is due. The same key again replaces it. */
  park(lot: string, item: ParkedItem, options: { readonly delayMs: Millis }): Promise<void>
  /** Up to `limit` that are due, earliest first; each is hidden from others for `leaseMs` and comes again if not unparked. */
  due(lot: string, options: { readonly limit: number; readonly leaseMs: Millis }): Promise<readonly DueItem[]>
  /** Takes them out for good. Returns how many were there. */
  unpark(lot: string, keys: readonly string[]): Promise<number>

  /**
   * Takes one of `limit` places for `ttlMs`, or keeps it if `holder` already has one. Returns a fencing number
   * that rises with every new holder, or undefined when all places are taken.
   */
  acquire(
    key: string,
    holder: string,
    options: { readonly limit: number; readonly ttlMs: Millis },
  ): Promise<number | undefined>
  /** Whether the holder still had its place; it is kept for another `ttlMs`. */
  renew(key: string, holder: string, options: { readonly ttlMs: Millis }): Promise<boolean>
  release(key: string, holder: string): Promise<boolean>
  /** Who holds places now. */
  holders(key: string): Promise<readonly string[]>

  /**
   * Takes `cost` tokens of a bucket that refills `limit` tokens per `windowMs`. Returns 0 when taken, else how long
   * until there will be enough; then nothing was taken. With `reserve` they are taken all the same, ahead of time: after
   * the wait they are there, and whoever comes later waits behind.
   */
  take(
    key: string,
    options: {
      readonly limit: number
      readonly windowMs: Millis
      readonly cost: number
      readonly reserve?: boolean
    },
  ): Promise<Millis>

  /** Adds to named numbers; sums from all workers merge. They leave by themselves after `ttlMs`. */
  count(
    key: string,
    fields: Readonly<Record<string, number>>,
    options: { readonly ttlMs: Millis },
  ): Promise<void>
  counted(keys: readonly string[]): Promise<readonly Readonly<Record<string, number>>[]>

  /** A hint that a key or collection with this prefix may have changed. May be lost, doubled or late. */
  watch?(prefix: string, onHint: () => void): Unwatch
}

export interface BackendCapabilities {
  readonly durable: boolean
  /** Instances created separately, in other processes too, see the same data. */
  readonly shared: boolean
  /** The longest record detail or state value. */
  readonly maxValueBytes: number
  readonly timeResolutionMs: Millis
  /** How often a worker should write its heartbeat and look for commands, where every call costs money. @default 2 s */
  readonly heartbeatMs?: Millis
}

/** Results and state, served together by one store. A driver as thin as a broker's. */
export interface Backend {
  readonly name: string
  /** Equal to a broker's `store` when one atomic step can change both. */
  readonly store?: string
  readonly capabilities: BackendCapabilities
  readonly results: ResultBackend
  readonly state: StateStore
  open(): Promise<void>
  /** The service's own clock, in milliseconds since 1970: the same for all its users, whatever their own clocks say. */
  now?(): Promise<number>
  /** What of the service's settings may lose records, each with what mends it; known after `open`. For people. */
  readonly warnings?: readonly string[]
  classify(error: unknown): BrokerErrorCode
  close(): Promise<void>
}
