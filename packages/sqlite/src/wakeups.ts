import type { Clock, Millis } from '@tq/core/driver'

/** How often a change by another process is looked for while somebody waits for one. */
const lookEveryMs: Millis = 5
/** The same after a while without any: an idle worker should cost next to nothing. */
const lookSeldomMs: Millis = 10
const soonMs: Millis = 1_000
/**
 * What a hint to one watcher may cost whoever gets it, several times over: with thousands of watchers they are
 * hinted at more seldom, so that looking never takes most of the time.
 */
const perWatcherMs: Millis = 0.05

/**
 * Wakes what waits on a file: at once after a change by this process, and by looking at SQLite's `data_version`
 * after one by another. That number costs about three microseconds and changes with every commit of another
 * connection, so whoever is woken looks for himself. No timer runs while nobody waits.
 */
export class Wakeups {
  readonly #clock: Clock
  readonly #version: () => number
  readonly #waiting = new Map<number, Set<() => void>>()
  readonly #watchers = new Map<string, Set<() => void>>()
  readonly #prefixWatchers = new Map<() => void, string>()
  #lastVersion = 0
  #changedAt = Number.NEGATIVE_INFINITY
  #hintedAt = Number.NEGATIVE_INFINITY
  #hintsOwed = false
  #cancelTimer: (() => void) | undefined

  /** @param version reads `data_version`; may throw while the file is locked */
  constructor(clock: Clock, version: () => number) {
    this.#clock = clock
    this.#version = version
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
    this.#look()
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
    this.#cancelTimer?.()
    this.#waiting.clear()
    this.#watchers.clear()
    this.#prefixWatchers.clear()
  }

  #join<Key>(groups: Map<Key, Set<() => void>>, key: Key, onEvent: () => void): () => void {
    const callback = () => onEvent()
    const group = groups.get(key) ?? new Set()
    groups.set(key, group.add(callback))
    this.#look()
    return () => {
      group.delete(callback)
      if (group.size === 0 && groups.get(key) === group) groups.delete(key)
    }
  }

  /** Starts looking, unless it does already. */
  #look(): void {
    if (this.#cancelTimer) return
    this.#lastVersion = this.#readVersion()
    this.#plan()
  }

  #plan(): void {
    const recent = this.#clock.monotonic() - this.#changedAt < soonMs
    const tick = () => {
      this.#cancelTimer = undefined
      if (this.#waiting.size === 0 && !this.watched) return
      const version = this.#readVersion()
      if (version !== this.#lastVersion) {
        this.#lastVersion = version
        this.#changedAt = this.#clock.monotonic()
        this.#hintsOwed = this.watched
        this.#wakeQueues()
      }
      if (this.#hintsOwed) this.#hintAll()
      if (!this.#cancelTimer) this.#plan()
    }
    this.#cancelTimer = this.#clock.setTimer(recent ? lookEveryMs : lookSeldomMs, tick, { background: true })
  }

  #readVersion(): number {
    try {
      return this.#version()
    } catch {
      // Locked for a moment: the next look sees what has changed.
      return this.#lastVersion
    }
  }

  /** Which queues the other process changed is not known, so everybody looks. */
  #wakeQueues(): void {
    for (const queue of [...this.#waiting.keys()]) this.wake(queue)
  }

  #hintAll(): void {
    const now = this.#clock.monotonic()
    if (now - this.#hintedAt < this.#watchers.size * perWatcherMs) return
    this.#hintedAt = now
    this.#hintsOwed = false
    for (const group of [...this.#watchers.values()]) for (const callback of [...group]) callback()
    for (const callback of [...this.#prefixWatchers.keys()]) callback()
  }
}
