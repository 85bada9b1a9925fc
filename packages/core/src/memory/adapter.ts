import type { Adapter, AdapterContext } from '../contracts/adapter.ts'
import { MemoryBackend } from './backend.ts'
import { MemoryBroker } from './broker.ts'
import { MemoryStore } from './store.ts'

let made = 0

/**
 * Broker and backend in the memory of this process: for tests and trials. A broker and a backend made from one
 * adapter with the same URL and namespace are one store.
 */
export function memory(): Adapter {
  const id = ++made
  const stores = new Map<string, MemoryStore>()
  const storeOf = (url: string, { namespace, clock }: AdapterContext): MemoryStore => {
    const key = `memory#${id} ${url} ${namespace}`
    const store = stores.get(key) ?? new MemoryStore(key, clock)
    stores.set(key, store)
    return store
  }
  return {
    name: 'memory',
    schemes: ['memory'],
    createBroker: (url, context) => new MemoryBroker(storeOf(url, context)),
    createBackend: (url, context) => new MemoryBackend(storeOf(url, context)),
  }
}
