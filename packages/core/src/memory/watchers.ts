import type { Unwatch } from '../contracts/backend.ts'

interface Watcher {
  readonly onHint: () => void
}

/** Who wants to know of changes. Told after the current step, so that a hint never runs in the midst of a change. */
export class Watchers {
  readonly #byName = new Map<string, Set<Watcher>>()

  add(name: string, onHint: () => void): Unwatch {
    const watcher: Watcher = { onHint }
    const watchers = this.#byName.get(name) ?? new Set()
    this.#byName.set(name, watchers.add(watcher))
    return () => {
      watchers.delete(watcher)
      if (watchers.size === 0 && this.#byName.get(name) === watchers) this.#byName.delete(name)
    }
  }

  /** Tells those who watch exactly this name. */
  hint(name: string): void {
    const watchers = this.#byName.get(name)
    if (watchers) tell(watchers)
  }

  /** Tells those who watch the beginning of this name. */
  hintPrefixes(name: string): void {
    for (const [prefix, watchers] of this.#byName) if (name.startsWith(prefix)) tell(watchers)
  }
}

function tell(watchers: ReadonlySet<Watcher>): void {
  for (const watcher of watchers) {
    queueMicrotask(() => {
      if (watchers.has(watcher)) watcher.onHint()
    })
  }
}
