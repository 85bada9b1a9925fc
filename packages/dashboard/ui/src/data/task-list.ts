import { type Signal, signal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import type { Page, Problem } from '../../../src/wire/common.ts'
import type { TaskRow } from '../../../src/wire/task.ts'
import { get, toProblem } from './api.ts'
import { useLive } from './live.ts'

/** A list that grows at its end, and whose first page is live. */
export interface TaskList {
  readonly items: Signal<readonly TaskRow[]>
  /** Tasks that came since, and are not shown yet. */
  readonly newer: Signal<number>
  readonly loading: Signal<boolean>
  readonly problem: Problem | undefined
  /** Whether anything is known. */
  readonly known: boolean
  /** Gets the next page, if there is one. */
  more(): void
  /** Shows what came since. */
  showNewer(): void
  /** Whether the start of the list is in view: what comes is shown at once then. */
  setAtTop(isTop: boolean): void
}

const perPage = 100

class Pages {
  readonly items = signal<readonly TaskRow[]>([])
  readonly newer = signal(0)
  readonly loading = signal(false)
  readonly problem = signal<Problem | undefined>(undefined)
  readonly #query: string
  #latest: Page<TaskRow> | undefined
  /** Undefined before the first page. */
  #next: string | null | undefined
  #atTop = true

  constructor(query: string) {
    this.#query = query
  }

  /** The first page as it is now. */
  take(page: Page<TaskRow>): void {
    this.#latest = page
    // What lies further down is out of view, and comes again as one scrolls.
    if (this.#atTop) {
      this.showNewer()
      return
    }
    const fresh = new Map(page.items.map((item) => [item.id, item]))
    const shown = new Set(this.items.value.map(({ id }) => id))
    this.items.value = this.items.value.map((item) => fresh.get(item.id) ?? item)
    this.newer.value = page.items.filter(({ id }) => !shown.has(id)).length
  }

  showNewer(): void {
    if (!this.#latest) return
    this.items.value = this.#latest.items
    this.#next = this.#latest.next
    this.newer.value = 0
  }

  setAtTop(isTop: boolean): void {
    this.#atTop = isTop
    if (isTop && this.newer.value > 0) this.showNewer()
  }

  async more(): Promise<void> {
    const cursor = this.#next
    if (!cursor || this.loading.value) return
    this.loading.value = true
    try {
      const page = await get<Page<TaskRow>>(
        `tasks?${this.#query}&limit=${perPage}&cursor=${encodeURIComponent(cursor)}`,
      )
      const shown = new Set(this.items.value.map(({ id }) => id))
      this.items.value = [...this.items.value, ...page.items.filter(({ id }) => !shown.has(id))]
      this.#next = page.next
      this.problem.value = undefined
    } catch (error) {
      this.problem.value = toProblem(error)
    } finally {
      this.loading.value = false
    }
  }
}

/** @param query of the page's URL */
export function useTaskList(query: string): TaskList {
  const pages = useMemo(() => new Pages(query), [query])
  const first = useLive<Page<TaskRow>>(`tasks?${query === '' ? '' : `${query}&`}limit=${perPage}`)
  useEffect(() => {
    if (first.data) pages.take(first.data)
    // Few or none found in the time for one page: the next ones may have more.
    if (first.data && first.data.items.length < 30) void pages.more()
  }, [pages, first.data])
  return {
    items: pages.items,
    newer: pages.newer,
    loading: pages.loading,
    problem: first.problem ?? pages.problem.value,
    known: first.data !== undefined,
    more: () => void pages.more(),
    showNewer: () => pages.showNewer(),
    setAtTop: (isTop) => pages.setAtTop(isTop),
  }
}
