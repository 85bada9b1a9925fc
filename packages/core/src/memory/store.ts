import type { OutboundMessage } from '../contracts/broker.ts'
import type { Clock } from '../contracts/time.ts'
import { MemoryQueue } from './queue.ts'
import { MemoryResults } from './results.ts'
import { StateData } from './state/state-data.ts'

/** Everything one URL and namespace hold: queues, results and state, so that one step can change all of them. */
export class MemoryStore {
  readonly name: string
  readonly clock: Clock
  readonly results: MemoryResults
  readonly state: StateData
  readonly #queues = new Map<string, MemoryQueue>()

  constructor(name: string, clock: Clock) {
    this.name = name
    this.clock = clock
    this.results = new MemoryResults(clock)
    this.state = new StateData(clock)
  }

  /** Made when first named. */
  queue(name: string): MemoryQueue {
    const known = this.#queues.get(name)
    if (known) return known
    const queue = new MemoryQueue(this.clock)
    this.#queues.set(name, queue)
    return queue
  }

  /** Stores a message that was found fit, and its record; neither where the task was accepted before. */
  accept(queue: string, message: OutboundMessage): void {
    if (message.record && !this.results.accept(message.record)) return
    this.queue(queue).add(message)
  }
}
