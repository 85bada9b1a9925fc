import type { Backend, Broker, Millis, PayloadStore } from '@tq/core/driver'

/** What every harness has: time, and an end. */
export interface HarnessBase {
  /** Names the driver and its configuration: `redis-cluster`. Names the report's file too. */
  readonly name: string
  /** Passes time for the service: a real wait, or a virtual clock moved forward. */
  sleep(ms: Millis): Promise<void>
  /**
   * Only with a virtual clock: its monotonic time. Present, it says that time belongs to the harness, so cases
   * run one after another.
   */
  now?(): Millis
  /** Called once, after the last case: removes what the run left on the service. */
  dispose(): Promise<void>
}

/**
 * How the suite reaches a broker.
 *
 * @example
 * const harness: BrokerHarness = {
 *   name: 'sqlite',
 *   create: async () => adapter.createBroker(`sqlite:${file}`, { namespace: 'test', clock: systemClock }),
 *   queueName: () => `q-${randomUUID()}`,
 *   sleep: setTimeout,
 *   dispose: () => rm(folder, { recursive: true }),
 * }
 */
export interface BrokerHarness extends HarnessBase {
  /** A fresh, unopened instance, on the same service as the others. */
  create(): Promise<Broker>
  /** Never the same twice; matches `^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`. */
  queueName(): string
  /**
   * Cuts the connections of an instance without a word to it, as a network does. Required where a connection
   * carries the leases; given by every driver that talks to a server.
   */
  sever?(broker: Broker): Promise<void>
  /** Restarts the service, keeping its data and address. */
  restartService?(): Promise<void>
}

/** How the suite reaches a backend. */
export interface BackendHarness extends HarnessBase {
  /** A fresh, unopened instance, on the same service as the others. */
  create(): Promise<Backend>
  /** Never the same twice; used for task ids, keys, collections and the like. */
  key(): string
}

/** How the suite reaches a payload store. */
export interface PayloadHarness extends HarnessBase {
  /** A fresh, unopened instance, on the same service as the others. */
  create(): Promise<PayloadStore>
  /** Never the same twice; at most 60 letters, digits and dashes. */
  key(): string
}

/** How the suite reaches a broker and a backend that are one store (`broker.store === backend.store`). */
export interface StoreHarness extends HarnessBase {
  /** Fresh, unopened instances on the same store. */
  create(): Promise<{ readonly broker: Broker; readonly backend: Backend }>
  /** As in `BrokerHarness`. */
  queueName(): string
  /** As in `BackendHarness`. */
  key(): string
}
