import type { Backend, BackendCapabilities, ResultBackend } from '../contracts/backend.ts'
import type { BrokerErrorCode } from '../contracts/broker.ts'
import { ClosedError } from './closed-error.ts'
import { MemoryState } from './state/memory-state.ts'
import type { MemoryStore } from './store.ts'

const capabilities: BackendCapabilities = Object.freeze({
  durable: false,
  shared: false,
  maxValueBytes: 64 * 1_048_576,
  timeResolutionMs: 1,
})

/** Results and state of a memory store. */
export class MemoryBackend implements Backend {
  readonly name = 'memory'
  readonly store: string
  readonly capabilities = capabilities
  readonly results: ResultBackend
  readonly state: MemoryState
  #closed = false

  constructor(store: MemoryStore) {
    this.store = store.name
    const open = () => {
      if (this.#closed) throw new ClosedError()
      return store
    }
    this.results = {
      claim: async (items) => items.map((item) => open().claim(item)),
      put: async (records) => records.map((record) => open().put(record)),
      get: async (ids) => ids.map((id) => open().read(id)),
      delete: async (ids) => void ids.map((id) => open().forget(id)),
      watch: (id, onHint) => store.watch(id, onHint),
    }
    this.state = new MemoryState(() => open().state)
  }

  async open(): Promise<void> {
    if (this.#closed) throw new ClosedError()
  }

  classify(error: unknown): BrokerErrorCode {
    return error instanceof ClosedError ? 'closed' : 'unknown'
  }

  async close(): Promise<void> {
    this.#closed = true
  }
}
