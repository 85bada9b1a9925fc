import type { ClaimOutcome, ClaimRequest, TaskHistory } from '../contracts/backend.ts'
import type { Delivery } from '../contracts/broker.ts'
import { isTerminal, type TaskRecord, type TaskState } from '../contracts/record.ts'
import type { Clock, Millis } from '../contracts/time.ts'
import { ExpiringMap } from './expiring-map.ts'
import { type Kept, MemoryHistory } from './history.ts'
import { Watchers } from './watchers.ts'

/** What a store remembers of one task. */
interface Known {
  /** As stored last; a claim alone makes none. */
  readonly record: TaskRecord | undefined
  readonly recordUntil: Millis
  // What a writer has to reach: the numbers of the record, or of a later claim.
  readonly generation: number
  readonly attempt: number
  readonly epoch: number
  /** How this generation ended, once it has: the mark. */
  readonly ended: TaskState | undefined
  /** The run that owns the epoch, where it was claimed. */
  readonly runId: string | undefined
  /** Its place in the order of first records, and when that was. */
  readonly place: number
  readonly firstAt: number
}

/** The records and marks of all tasks of one store. */
export class MemoryResults {
  readonly watchers = new Watchers()
  readonly #clock: Clock
  readonly #known: ExpiringMap<Known>
  readonly history: TaskHistory
  #places = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#known = new ExpiringMap(clock)
    this.history = new MemoryHistory(
      () => this.#kept(),
      (id) => this.delete(id),
    )
  }

  get(id: string): TaskRecord | undefined {
    const known = this.#known.get(id)
    return this.#isReadable(known) ? known.record : undefined
  }

  put(record: TaskRecord): 'stored' | 'stale' {
    const known = this.#known.get(record.id)
    if (known && isStale(record, known)) return 'stale'
    this.#store(record, known)
    return 'stored'
  }

  /** Stores the record a message was sent with. False when it brings nothing new: the task was accepted before. */
  accept(record: TaskRecord): boolean {
    const known = this.#known.get(record.id)
    if (known && !isNews(record, known)) return false
    this.#store(record, known)
    return true
  }

  claim({ id, generation, attempt, runId, ttlMs }: ClaimRequest): ClaimOutcome {
    const known = this.#known.get(id)
    const sameGeneration = known?.generation === generation
    if (known && known.generation > generation) return 'superseded'
    if (known?.ended && sameGeneration) return known.ended === 'REVOKED' ? 'revoked' : 'terminal'
    if (known && sameGeneration && known.attempt > attempt) return 'superseded'
    if (known?.runId === runId && sameGeneration && known.attempt === attempt) return { epoch: known.epoch }
    const epoch = (known?.epoch ?? 0) + 1
    const { record, recordUntil } = known ?? { record: undefined, recordUntil: 0 }
    const place = placeOf(known)
    const next: Known = { record, recordUntil, generation, attempt, epoch, ended: undefined, runId, ...place }
    this.#known.keep(id, next, ttlMs)
    return { epoch }
  }

  delete(id: string): void {
    this.#known.delete(id)
    this.watchers.hint(id)
  }

  /** What the record of a task says, or its mark; undefined where there is neither. */
  verdict(id: string): Delivery['verdict'] {
    const known = this.#known.get(id)
    if (known?.ended) return known.ended === 'REVOKED' ? 'revoked' : 'terminal'
    return this.#isReadable(known) ? 'run' : undefined
  }

  /** All that can be read, the first stored first. */
  #kept(): readonly Kept[] {
    const kept: Kept[] = []
    for (const id of this.#known.keys()) {
      const known = this.#known.get(id)
      if (!this.#isReadable(known)) continue
      const { record, place, firstAt, recordUntil } = known
      kept.push({ record, place, firstAt, ageMs: this.#clock.monotonic() - recordUntil + record.ttlMs })
    }
    return kept.sort((one, other) => one.place - other.place)
  }

  #isReadable(known: Known | undefined): known is Known & { readonly record: TaskRecord } {
    return known?.record !== undefined && known.recordUntil > this.#clock.monotonic()
  }

  #store(record: TaskRecord, known: Known | undefined): void {
    const { id, generation, attempt, epoch, state, ttlMs, markMs } = record
    const ended = isTerminal(state) ? state : undefined
    const recordUntil = this.#clock.monotonic() + ttlMs
    // The run that claimed and now writes may claim again.
    const runId = known && compare(known, record) === 0 ? known.runId : undefined
    const first = known?.record ? placeOf(known) : { place: ++this.#places, firstAt: this.#clock.now() }
    const next: Known = { record, recordUntil, generation, attempt, epoch, ended, runId, ...first }
    this.#known.set(id, next, ended ? Math.max(ttlMs, markMs) : ttlMs)
    this.watchers.hint(id)
  }
}

function placeOf(known: Known | undefined): Pick<Known, 'place' | 'firstAt'> {
  return { place: known?.place ?? 0, firstAt: known?.firstAt ?? 0 }
}

type Rank = Pick<Known, 'generation' | 'attempt' | 'epoch'>

function compare(one: Rank, other: Rank): number {
  return one.generation - other.generation || one.attempt - other.attempt || one.epoch - other.epoch
}

function isNews(record: TaskRecord, known: Known): boolean {
  if (record.generation !== known.generation) return record.generation > known.generation
  return !known.ended && record.attempt > known.attempt
}

function isStale(record: TaskRecord, known: Known): boolean {
  return (known.ended !== undefined && record.generation === known.generation) || compare(record, known) < 0
}
