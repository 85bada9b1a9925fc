import type { Clock, Millis } from '@tq/core/driver'
import { ChangeFeed } from './change-feed.ts'

/**
 * What a hint to one watcher may cost whoever gets it, several times over: with thousands of watchers they are
 * hinted at more seldom, so that looking never takes most of the time.
 */
const perWatcherMs: Millis = 0.05

/**
 * Wakes what waits on a file: at once after a change by this process, and as soon as it is noticed after one by
 * another. Quiet while nobody waits.
 */
export class Wakeups {
  readonly #clock: Clock
  readonly #feed: ChangeFeed
  readonly #waiting = new Map<number, Set<() => void>>()
  readonly #watchers = new Map<string, Set<() => void>>()
  readonly #prefixWatchers = new Map<() => void, string>()
  #hintedAt = Number.NEGATIVE_INFINITY
  #cancelHints: (() => void) | undefined

  /** @param version reads `data_version` */
  constructor(file: string, clock: Clock, version: () => number) {
    this.#clock = clock
    this.#feed = new ChangeFeed(file, clock, version, {
      wanted: () => this.#waiting.size > 0 || this.watched,
      change: () => this.#foreignChange(),
    })
  }

  /** Whether anybody watches records or state. */
  get watched(): boolean {
    return this.#watchers.size > 0 || this.#prefixWatchers.size > 0
  }

  /** Calls back, once or more, when messages of the queue may have come. */
  onQueue(queue: number, callback: () => void): () => void {
    return this.#join(this.#waiting, queue, callback)
  }

  /** Calls back when exactly this subject may have changed. */
  onSubject(subject: string, callback: () => void): () => void {
    return this.#join(this.#watchers, subject, callback)
  }

  /** Calls back when a subject that starts like this may have changed. */
  onPrefix(prefix: string, onHint: () => void): () => void {
    // A function of its own per watch, so that the same callback can watch twice.
    const callback = () => onHint()
    this.#prefixWatchers.set(callback, prefix)
    this.#feed.start()
    return () => this.#prefixWatchers.delete(callback)
  }

  /** This process changed the queue. */
  wake(queue: number): void {
    for (const callback of [...(this.#waiting.get(queue) ?? [])]) callback()
  }

  /** This process changed the subject. */
  hint(subject: string): void {
    for (const callback of [...(this.#watchers.get(subject) ?? [])]) callback()
    for (const [callback, prefix] of this.#prefixWatchers) if (subject.startsWith(prefix)) callback()
  }

  close(): void {
    this.#feed.close()
    this.#cancelHints?.()
    this.#waiting.clear()
    this.#watchers.clear()
    this.#prefixWatchers.clear()
  }

  #join<Key>(groups: Map<Key, Set<() => void>>, key: Key, onEvent: () => void): () => void {
    const callback = () => onEvent()
    const group = groups.get(key) ?? new Set()
    groups.set(key, group.add(callback))
    this.#feed.start()
    return () => {
      group.delete(callback)
      if (group.size === 0 && groups.get(key) === group) groups.delete(key)
    }
  }

  /** What the other process changed is not known, so everybody looks. */
  #foreignChange(): void {
    for (const queue of [...this.#waiting.keys()]) this.wake(queue)
    if (!this.watched || this.#cancelHints) return
    const inMs = this.#hintedAt + this.#watchers.size * perWatcherMs - this.#clock.monotonic()
    if (inMs <= 0) this.#hintAll()
    else this.#cancelHints = this.#clock.setTimer(inMs, () => this.#hintAll(), { background: true })
  }

  #hintAll(): void {
    this.#cancelHints = undefined
    this.#hintedAt = this.#clock.monotonic()
    for (const group of [...this.#watchers.values()]) for (const callback of [...group]) callback()
    for (const callback of [...this.#prefixWatchers.keys()]) callback()
  }
}
