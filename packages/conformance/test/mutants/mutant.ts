import type {
  Adapter,
  AdapterContext,
  Backend,
  Broker,
  Millis,
  Receiver,
  ResultBackend,
  StateStore,
} from '@tq/core/driver'

/** The memory adapter with one promise broken. */
export interface Mutant {
  /** What it does wrong. */
  readonly name: string
  /** The case that has to catch it; others may, too. */
  readonly caughtBy: string
  wrap(adapter: Adapter): Adapter
}

/** What a mutant of a receiver may need to know. */
export interface Around {
  readonly broker: Broker
  readonly queue: string
  readonly leaseMs: Millis
  readonly prefetch: number
  readonly context: AdapterContext
  /** The results in the same store. */
  readonly results: ResultBackend
}

/** The same object but for some members. The others keep their `this`, and with it their private fields. */
export function over<T extends object>(real: T, changes: Partial<T>): T {
  return new Proxy(real, {
    get(target, name) {
      if (Object.hasOwn(changes, name)) return Reflect.get(changes, name)
      const member: unknown = Reflect.get(target, name, target)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}

/** Wraps an adapter whose brokers are changed. */
export function onBroker(change: (real: Broker, context: AdapterContext) => Partial<Broker>) {
  return (adapter: Adapter): Adapter =>
    over(adapter, {
      createBroker(url, context) {
        const real = given(adapter.createBroker?.(url, context))
        return over(real, change(real, context))
      },
    })
}

/** Wraps an adapter whose receivers are changed. */
export function onReceiver(
  change: (real: Receiver, around: Around) => Partial<Receiver>,
  options: { readonly extraPrefetch?: number } = {},
) {
  return (adapter: Adapter): Adapter =>
    over(adapter, {
      createBroker(url, context) {
        const broker = given(adapter.createBroker?.(url, context))
        const { results } = given(adapter.createBackend?.(url, context))
        return over(broker, {
          async openReceiver(queue, { leaseMs, prefetch }) {
            const wider = { leaseMs, prefetch: prefetch + (options.extraPrefetch ?? 0) }
            const real = await broker.openReceiver(queue, wider)
            return over(real, change(real, { broker, queue, leaseMs, prefetch, context, results }))
          },
        })
      },
    })
}

/** Wraps an adapter whose backends are changed. */
function onBackend(change: (real: Backend) => Partial<Backend>) {
  return (adapter: Adapter): Adapter =>
    over(adapter, {
      createBackend(url, context) {
        const real = given(adapter.createBackend?.(url, context))
        return over(real, change(real))
      },
    })
}

export function onResults(change: (real: ResultBackend) => Partial<ResultBackend>) {
  return onBackend(({ results }) => ({ results: over(results, change(results)) }))
}

export function onState(change: (real: StateStore) => Partial<StateStore>) {
  return onBackend(({ state }) => ({ state: over(state, change(state)) }))
}

export function given<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('memory makes this')
  return value
}
