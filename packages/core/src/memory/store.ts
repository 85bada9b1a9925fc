import type { ClaimOutcome, ClaimRequest } from '../contracts/backend.ts'
import type { TaskRecord } from '../contracts/record.ts'
import { isTerminal } from '../contracts/record.ts'
import type { Clock } from '../contracts/time.ts'
import { MemoryQueue } from './queue.ts'
import { StateData } from './state/state-data.ts'

/** A record, and how long it and its mark live. */
interface Kept {
  record: TaskRecord
  expiresAt: number
  markedUntil: number
  /** The run that owns the current epoch. */
  runId: string | undefined
}

/** Everything one URL and namespace hold: queues and records, so that one step can change both. */
export class MemoryStore {
  readonly clock: Clock
  readonly name: string
  readonly queues = new Map<string, MemoryQueue>()
  readonly state: StateData
  readonly #records = new Map<string, Kept>()
  readonly #watchers = new Map<string, Set<() => void>>()
  #sweepAt = 1_024

  constructor(name: string, clock: Clock) {
    this.name = name
    this.clock = clock
    this.state = new StateData(clock)
  }

  queue(name: string): MemoryQueue {
    let queue = this.queues.get(name)
    if (!queue) {
      queue = new MemoryQueue(this.clock)
      this.queues.set(name, queue)
    }
    return queue
  }

  /** The record, as long as it can be read. */
  read(id: string): TaskRecord | undefined {
    const kept = this.#records.get(id)
    return kept && kept.expiresAt > this.clock.monotonic() ? kept.record : undefined
  }

  /** The record or what is remembered of it. */
  mark(id: string): TaskRecord | undefined {
    return this.#alive(id)?.record
  }

  put(record: TaskRecord): 'stored' | 'stale' {
    const kept = this.#alive(record.id)
    if (kept && isStale(record, kept.record)) return 'stale'
    const now = this.clock.monotonic()
    this.#records.set(record.id, {
      record,
      expiresAt: now + record.ttlMs,
      markedUntil: now + Math.max(record.ttlMs, record.markMs),
      runId: kept?.runId,
    })
    this.#sweepSometimes()
    this.hint(record.id)
    return 'stored'
  }

  claim({ id, generation, attempt, runId, ttlMs }: ClaimRequest): ClaimOutcome {
    const kept = this.#alive(id)
    const now = this.clock.monotonic()
    if (!kept || kept.record.generation < generation) {
      const stub = {
        id,
        name: '',
        queue: '',
        state: 'PENDING',
        detail: '{}',
        updatedAt: this.clock.now(),
      } as const
      const record: TaskRecord = { ...stub, generation, attempt, epoch: 1, ttlMs, markMs: ttlMs }
      // Remembered for later claims and writers, but nothing that anyone could read.
      this.#records.set(id, { record, expiresAt: 0, markedUntil: now + ttlMs, runId })
      return { epoch: 1 }
    }
    const { record } = kept
    if (record.generation > generation) return 'superseded'
    if (record.state === 'REVOKED') return 'revoked'
    if (isTerminal(record.state)) return 'terminal'
    if (record.attempt > attempt) return 'superseded'
    if (kept.runId === runId) return { epoch: record.epoch }
    kept.record = { ...record, attempt, epoch: record.epoch + 1 }
    kept.runId = runId
    return { epoch: kept.record.epoch }
  }

  forget(id: string): void {
    this.#records.delete(id)
  }

  watch(id: string, onHint: () => void): () => void {
    const watchers = this.#watchers.get(id) ?? new Set()
    this.#watchers.set(id, watchers.add(onHint))
    return () => {
      watchers.delete(onHint)
      if (watchers.size === 0) this.#watchers.delete(id)
    }
  }

  hint(id: string): void {
    if (this.#watchers.size === 0) return
    for (const watcher of this.#watchers.get(id) ?? []) watcher()
  }

  #alive(id: string): Kept | undefined {
    const kept = this.#records.get(id)
    return kept && kept.markedUntil > this.clock.monotonic() ? kept : undefined
  }

  /** A full sweep each time the number of records has doubled: constant work per record, and no timers. */
  #sweepSometimes(): void {
    if (this.#records.size < this.#sweepAt) return
    const now = this.clock.monotonic()
    for (const [id, { markedUntil }] of this.#records) if (markedUntil <= now) this.#records.delete(id)
    this.#sweepAt = Math.max(1_024, this.#records.size * 2)
  }
}

function isStale(next: TaskRecord, stored: TaskRecord): boolean {
  if (next.generation !== stored.generation) return next.generation < stored.generation
  if (isTerminal(stored.state)) return true
  if (next.attempt !== stored.attempt) return next.attempt < stored.attempt
  return next.epoch < stored.epoch
}
