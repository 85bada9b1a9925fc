import { findRead } from '../reads/catalog.ts'
import type { Reader, Reading } from './reader.ts'

/** A read may take this part of the time; slower ones are read less often. */
const mostOfTheTime = 0.2
/** After something went wrong. */
const afterProblemMs = 2_000

export type Listener = (path: string, reading: Reading) => void

/** One read that is looked at by somebody. */
interface Watched {
  readonly listeners: Set<Listener>
  /** What was told last: the same again is not told again. */
  last: { readonly text: string; readonly reading: Reading } | undefined
  timer: NodeJS.Timeout | undefined
  /** It is being read. */
  reading: boolean
  /** What is being read now may be out of date already. */
  again: boolean
}

/**
 * Reads again and again what somebody looks at, once for all tabs of all people, and tells them of changes. Nobody looks:
 * nothing is read.
 */
export class LiveReads {
  readonly #reader: Reader
  readonly #watched = new Map<string, Watched>()
  readonly #streams = new Set<() => void>()

  constructor(reader: Reader) {
    this.#reader = reader
  }

  /** Tells what is known at once, then every change. Returns a function that stops. @throws NotFound */
  watch(path: string, listener: Listener): () => void {
    const { read } = findRead(path)
    const { everyMs } = read
    const known = this.#watched.get(path)
    const watched: Watched = known ?? {
      listeners: new Set(),
      last: undefined,
      timer: undefined,
      reading: false,
      again: false,
    }
    watched.listeners.add(listener)
    if (watched.last) listener(path, watched.last.reading)
    if (!known) {
      this.#watched.set(path, watched)
      void this.#turn(path, watched, everyMs)
    }
    return () => this.#leave(path, watched, listener)
  }

  /** Something was changed: everybody sees it at once, not at the next turn. */
  hurry(): void {
    for (const [path, watched] of this.#watched) {
      const { everyMs } = findRead(path).read
      if (everyMs === undefined) continue
      clearTimeout(watched.timer)
      if (watched.reading) watched.again = true
      else void this.#turn(path, watched, everyMs)
    }
  }

  /** How many reads are repeated now. */
  get size(): number {
    return this.#watched.size
  }

  /** Something that is to be ended when this is closed. Returns a function that forgets it. */
  onClose(end: () => void): () => void {
    this.#streams.add(end)
    return () => void this.#streams.delete(end)
  }

  close(): void {
    for (const end of [...this.#streams]) end()
    for (const watched of this.#watched.values()) clearTimeout(watched.timer)
    this.#watched.clear()
  }

  async #turn(path: string, watched: Watched, everyMs: number | undefined): Promise<void> {
    const start = performance.now()
    watched.reading = true
    const reading = await this.#reader.read(path)
    watched.reading = false
    const tookMs = performance.now() - start
    if (this.#watched.get(path) !== watched) return
    const text = 'json' in reading ? reading.json : JSON.stringify(reading.problem)
    if (watched.last?.text !== text) {
      watched.last = { text, reading }
      for (const listener of watched.listeners) listener(path, reading)
    }
    const usualMs = 'json' in reading ? everyMs : afterProblemMs
    if (usualMs === undefined) return
    const waitMs = watched.again ? 0 : Math.max(usualMs, tookMs / mostOfTheTime)
    watched.again = false
    watched.timer = setTimeout(() => void this.#turn(path, watched, everyMs), waitMs)
  }

  #leave(path: string, watched: Watched, listener: Listener): void {
    watched.listeners.delete(listener)
    if (watched.listeners.size > 0) return
    clearTimeout(watched.timer)
    if (this.#watched.get(path) === watched) this.#watched.delete(path)
  }
}
