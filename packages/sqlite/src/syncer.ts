import { closeSync, fdatasync, fdatasyncSync, openSync } from 'node:fs'
import type { Clock, Millis } from '@tq/core/driver'

/** A sync that Node's threads have not begun or finished by then is done on the spot. */
const patienceMs: Millis = 250

interface Deferred {
  readonly promise: Promise<void>
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * Makes commits durable off the event loop. SQLite itself would wait for the disk inside COMMIT, blocking this
 * thread and, holding the lock, every other process. Instead commits only write the log, and this syncs it on one of
 * Node's threads; what is promised to survive a power cut is answered after that. One sync covers every commit
 * before it, whoever made it, and all that commits during a sync shares the next one.
 */
export class Syncer {
  readonly #clock: Clock
  /** Of the write-ahead log. SQLite keeps no lock on that file, so closing this descriptor drops none. */
  readonly #descriptor: number
  readonly #version: () => number
  #waiting: Deferred | undefined
  #syncing: Promise<void> | undefined
  #covered: number | undefined
  #closed = false

  /**
   * @param file the database's; its log exists as long as a connection is open
   * @param version reads `data_version`, which changes with the commits of others
   */
  constructor(file: string, clock: Clock, version: () => number) {
    this.#clock = clock
    this.#version = version
    this.#descriptor = openSync(`${file}-wal`, 'r+')
  }

  /** Resolves once everything that is committed now is on the disk. */
  sync(): Promise<void> {
    this.#waiting ??= deferred()
    const { promise } = this.#waiting
    if (!this.#syncing) this.#start()
    return promise
  }

  /** As `sync`, but undefined when all that can be seen now is on the disk already. */
  pending(): Promise<void> | undefined {
    if (this.#version() !== this.#covered) return this.sync()
    return this.#waiting?.promise ?? this.#syncing
  }

  /** Waits for nothing: whoever waits for a sync has to be waited for before. */
  close(): void {
    this.#closed = true
    if (!this.#syncing) closeSync(this.#descriptor)
  }

  #start(): void {
    const group = this.#waiting
    if (!group) return
    this.#waiting = undefined
    this.#syncing = group.promise
    this.#covered = this.#version()
    // Tasks may keep all of Node's threads busy for seconds. A sync in line behind them would hold up every commit.
    const cancel = this.#clock.setTimer(patienceMs, () => {
      try {
        fdatasyncSync(this.#descriptor)
        group.resolve()
      } catch (error) {
        group.reject(error)
      }
    })
    fdatasync(this.#descriptor, (error) => {
      cancel()
      if (error) group.reject(error)
      else group.resolve()
      this.#syncing = undefined
      if (this.#waiting) this.#start()
      else if (this.#closed) closeSync(this.#descriptor)
    })
  }
}

function deferred(): Deferred {
  let resolve = () => {}
  let reject: Deferred['reject'] = () => {}
  const promise = new Promise<void>((resolveIt, rejectIt) => {
    resolve = resolveIt
    reject = rejectIt
  })
  return { promise, resolve, reject }
}
