import { useSignal } from '@preact/signals'

/** Rows of a list that were chosen, by their ids. */
export interface Selection {
  readonly ids: ReadonlySet<string>
  has(id: string): boolean
  /** Whether there are any, and all of them are chosen. */
  hasAll(ids: readonly string[]): boolean
  toggle(id: string): void
  /** Chooses all of them, or none where all were. */
  toggleAll(ids: readonly string[]): void
  /** Forgets those that are not among these. */
  keep(ids: readonly string[]): void
  clear(): void
}

export function useSelection(): Selection {
  const chosen = useSignal<ReadonlySet<string>>(new Set())
  const ids = chosen.value
  const hasAll = (all: readonly string[]) => all.length > 0 && all.every((id) => ids.has(id))
  return {
    ids,
    has: (id) => ids.has(id),
    hasAll,
    toggle(id) {
      const next = new Set(chosen.value)
      if (!next.delete(id)) next.add(id)
      chosen.value = next
    },
    toggleAll(all) {
      chosen.value = hasAll(all) ? new Set() : new Set(all)
    },
    keep(all) {
      chosen.value = new Set(all.filter((id) => chosen.value.has(id)))
    },
    clear() {
      chosen.value = new Set()
    },
  }
}
