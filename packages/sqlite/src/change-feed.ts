import { type FSWatcher, watch } from 'node:fs'
import type { Clock, Millis } from '@tq/core/driver'

/** How often to look while changes are likely: just after one, or after the system said that something is written. */
const lookOftenMs: Millis = 5
/** The first looks after a write: its commit can be seen a moment later only. */
const firstLooksMs: readonly Millis[] = [1, 1, 2]
const activeMs: Millis = 100
/** How often to look otherwise, in case the system tells us nothing. Cheap enough for an idle worker. */
const lookSeldomMs: Millis = 50
/** Events come by the hundred while others write; the next look covers them. */
const leastApartMs: Millis = 2

/**
 * Notices commits of other processes. SQLite has a number for that, `data_version`, which costs a few microseconds to
 * read. When to read it is told by the system, which reports writes to the log within a fraction of a millisecond; a
 * slow poll makes it right where the system cannot (network and some container file systems). Runs only while
 * `wanted`.
 */
export class ChangeFeed {
  readonly #clock: Clock
  readonly #log: string
  readonly #readVersion: () => number
  readonly #wanted: () => boolean
  readonly #onChange: () => void
  #watcher: FSWatcher | undefined
  #watching = false
  #version = 0
  #lookedAt = Number.NEGATIVE_INFINITY
  #activeUntil = Number.NEGATIVE_INFINITY
  #looks = 0
  #cancelTimer: (() => void) | undefined

  /**
   * @param file the database's; its log exists as long as a connection is open
   * @param version reads `data_version`; may throw while the file is locked
   * @param wanted whether anybody waits for a change
   */
  constructor(
    file: string,
    clock: Clock,
    version: () => number,
    on: { readonly wanted: () => boolean; readonly change: () => void },
  ) {
    this.#clock = clock
    this.#log = `${file}-wal`
    this.#readVersion = version
    this.#wanted = on.wanted
    this.#onChange = on.change
  }

  /** Somebody waits from now on: what is committed after this call is noticed. */
  start(): void {
    if (this.#cancelTimer) return
    this.#watchLog()
    this.#version = this.#safeVersion()
    this.#plan()
  }

  close(): void {
    this.#cancelTimer?.()
    this.#watcher?.close()
  }

  #watchLog(): void {
    if (this.#watching) return
    this.#watching = true
    try {
      this.#watcher = watch(this.#log, { persistent: false }, () => this.#onWrite())
      this.#watcher.on('error', () => this.#watcher?.close())
    } catch {
      // No watches left, or a system without them: the poll is there.
    }
  }

  #onWrite(): void {
    if (!this.#wanted()) return
    const now = this.#clock.monotonic()
    const wasActive = now < this.#activeUntil
    this.#activeUntil = now + activeMs
    if (now - this.#lookedAt >= leastApartMs) {
      this.#looks = 0
      this.#look()
    } else if (!wasActive) {
      this.#looks = 0
      this.#cancelTimer?.()
      this.#plan()
    }
  }

  #look(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    if (!this.#wanted()) return
    this.#lookedAt = this.#clock.monotonic()
    const version = this.#safeVersion()
    if (version !== this.#version) {
      this.#version = version
      this.#activeUntil = this.#lookedAt + activeMs
      this.#onChange()
    }
    if (!this.#cancelTimer) this.#plan()
  }

  #plan(): void {
    const active = this.#clock.monotonic() < this.#activeUntil
    const inMs = active ? (firstLooksMs[this.#looks++] ?? lookOftenMs) : lookSeldomMs
    this.#cancelTimer = this.#clock.setTimer(inMs, () => this.#look(), { background: true })
  }

  #safeVersion(): number {
    try {
      return this.#readVersion()
    } catch {
      // Locked for a moment: the next look sees what has changed.
      return this.#version
    }
  }
}
