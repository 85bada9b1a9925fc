import type { Backend, ResultBackend, StateStore } from '../contracts/backend.ts'
import { backendCapabilities, checkValue, classify, closedError } from './limits.ts'
import { MemoryState } from './state/memory-state.ts'
import type { MemoryStore } from './store.ts'

/** Results and state of a memory store. */
export class MemoryBackend implements Backend {
  readonly name = 'memory'
  readonly store: string
  readonly capabilities = backendCapabilities
  readonly classify = classify
  readonly results: ResultBackend
  readonly state: StateStore
  readonly #store: MemoryStore
  #closed = false

  constructor(store: MemoryStore) {
    this.#store = store
    this.store = store.name
    const results = () => this.#open().results
    this.results = {
      async claim(items) {
        const known = results()
        return items.map((item) => known.claim(item))
      },
      async put(records) {
        const known = results()
        for (const { detail } of records) checkValue(detail)
        return records.map((record) => known.put(record))
      },
      async get(ids) {
        const known = results()
        return ids.map((id) => known.get(id))
      },
      async delete(ids) {
        const known = results()
        for (const id of ids) known.delete(id)
      },
      watch: (id, onHint) => results().watchers.add(id, onHint),
      history: {
        list: async (filter, page) => results().history.list(filter, page),
        counts: async (filter, options) => results().history.counts(filter, options),
        trim: async (options) => results().history.trim(options),
      },
    }
    this.state = new MemoryState(() => this.#open().state)
  }

  async open(): Promise<void> {
    this.#open()
  }

  async now(): Promise<number> {
    return this.#open().clock.now()
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #open(): MemoryStore {
    if (this.#closed) throw closedError()
    return this.#store
  }
}
