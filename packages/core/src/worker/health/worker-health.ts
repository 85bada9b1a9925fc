import type { QueueCounts } from '../../contracts/broker.ts'
import type { Millis } from '../../contracts/time.ts'
import type { Connection, Runtime } from '../../runtime/runtime.ts'
import type { WorkerInfo } from '../../runtime/worker-list.ts'
import type { Engine } from '../engine.ts'
import type { TaskCounter } from '../task-counter.ts'
import type { Health, HealthHost } from './health-server.ts'
import { metricsText } from './metrics-text.ts'

/** A receive waits 5 s and is given up 5 s later; a turn that takes longer than that, and some more, is stuck. */
const staleMs: Millis = 20_000
/** Scrapers come by the dozen; the broker is asked no more often than this. */
const countsKeptMs: Millis = 5_000

/** What a worker tells of its health. */
export class WorkerHealth implements HealthHost {
  readonly #runtime: Runtime
  readonly #connection: Connection
  readonly #engine: Engine
  readonly #counter: TaskCounter
  readonly #describe: () => WorkerInfo
  #counts: ReadonlyMap<string, QueueCounts> = new Map()
  #countedAt = Number.NEGATIVE_INFINITY

  constructor(
    runtime: Runtime,
    connection: Connection,
    engine: Engine,
    counter: TaskCounter,
    describe: () => WorkerInfo,
  ) {
    this.#runtime = runtime
    this.#connection = connection
    this.#engine = engine
    this.#counter = counter
    this.#describe = describe
  }

  live(): Health {
    const { waits, turnedAt } = this.#engine.fetching
    const ageMs = this.#runtime.clock.monotonic() - turnedAt
    // All slots busy, or all queues paused: there is nothing to fetch.
    if (waits || ageMs <= staleMs) return { problem: undefined }
    return { problem: `nothing was fetched for ${Math.round(ageMs / 1_000)} s` }
  }

  ready(): Health {
    const { state } = this.#describe()
    if (state === 'stopping') return { problem: 'it is stopping' }
    const { failing } = this.#engine.fetching
    if (failing.length > 0)
      return { problem: `the broker cannot be asked for tasks of ${failing.join(', ')}` }
    return this.live()
  }

  async metrics(): Promise<string> {
    return metricsText({
      info: this.#describe(),
      tasks: this.#counter.byTask(),
      queues: await this.#queues(),
    })
  }

  async #queues(): Promise<ReadonlyMap<string, QueueCounts>> {
    const { admin } = this.#connection.broker
    const now = this.#runtime.clock.monotonic()
    if (!admin || now - this.#countedAt < countsKeptMs) return this.#counts
    this.#countedAt = now
    try {
      const names = this.#engine.queues.map(({ name }) => name)
      const counts = await Promise.all(names.map((name) => admin.counts(name)))
      this.#counts = new Map(names.map((name, index) => [name, counts[index] as QueueCounts]))
    } catch (error) {
      // The rest is worth telling all the same.
      this.#counts = new Map()
      this.#runtime.logger.debug('the queues cannot be counted', { error: String(error) })
    }
    return this.#counts
  }
}
