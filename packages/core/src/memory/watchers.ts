import type { Unwatch } from '../contracts/backend.ts'

interface Watcher {
  readonly name: string
  readonly onHint: () => void
}

/** Who wants to know of changes. Tells them after the current step: a hint never runs inside a change. */
export class Watchers {
  readonly #fits: (changed: string, watched: string) => boolean
  readonly #all = new Set<Watcher>()

  /** @param fits Whether a change of one name concerns who watches another. */
  constructor(fits: (changed: string, watched: string) => boolean) {
    this.#fits = fits
  }

  add(name: string, onHint: () => void): Unwatch {
    const watcher = { name, onHint }
    this.#all.add(watcher)
    return () => this.#all.delete(watcher)
  }

  hint(changed: string): void {
    for (const watcher of this.#all) if (this.#fits(changed, watcher.name)) queueMicrotask(watcher.onHint)
  }
}
