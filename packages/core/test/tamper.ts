import type { Adapter, Backend, Broker, Receiver, ResultBackend, StateStore } from '../src/driver.ts'
import { memory } from '../src/memory/adapter.ts'

/** What a test does to the memory broker to see how core copes. */
export interface Tampering {
  readonly capabilities?: Partial<Broker['capabilities']>
  /** The most the backend says it keeps. */
  readonly maxValueBytes?: number
  readonly results?: (original: ResultBackend) => Partial<ResultBackend>
  readonly state?: (original: StateStore) => Partial<StateStore>
  readonly publish?: (original: Broker['publish']) => Broker['publish']
  /** Called for each receiver as it is opened, with its number from 0. */
  readonly receiver?: (original: Receiver, number: number) => Partial<Receiver>
}

/** The memory adapter, tampered with. */
export function tampered(tampering: Tampering): Adapter {
  const { capabilities, maxValueBytes, results, state, publish, receiver } = tampering
  const adapter = memory()
  return {
    ...adapter,
    createBackend: (url, context) => {
      const backend = adapter.createBackend?.(url, context) as Backend
      return Object.assign(Object.create(backend) as Backend, bound(backend), {
        ...(maxValueBytes === undefined ? {} : { capabilities: { ...backend.capabilities, maxValueBytes } }),
        ...(state ? { state: { ...bound(backend.state), ...state(bound(backend.state)) } } : {}),
        ...(results ? { results: { ...bound(backend.results), ...results(bound(backend.results)) } } : {}),
      })
    },
    createBroker: (url, context) => {
      const broker = adapter.createBroker?.(url, context) as Broker
      let opened = 0
      const open = broker.openReceiver.bind(broker)
      return Object.assign(Object.create(broker) as Broker, bound(broker), {
        capabilities: { ...broker.capabilities, ...capabilities },
        ...(publish ? { publish: publish(broker.publish.bind(broker)) } : {}),
        openReceiver: async (...options: Parameters<Broker['openReceiver']>) => {
          const original = await open(...options)
          return { ...bound(original), ...receiver?.(original, opened++) } as Receiver
        },
      })
    },
  }
}

/** An object's methods, bound to it: they use private fields, which a copy does not have. */
function bound<T extends object>(original: T): T {
  const names = Object.getOwnPropertyNames(Object.getPrototypeOf(original)).filter(
    (name) => name !== 'constructor',
  )
  const methods = names.map((name) => {
    const value = (original as Record<string, unknown>)[name]
    return [name, typeof value === 'function' ? (value.bind(original) as unknown) : value]
  })
  return { ...original, ...Object.fromEntries(methods) } as T
}
