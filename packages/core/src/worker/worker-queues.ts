import type { ActiveRun } from './active-run.ts'
import { QueueOrder } from './queue-order.ts'
import type { QueueSession } from './queue-session.ts'
import type { ResolvedWorkerOptions, WeightedQueue } from './worker-options.ts'

/** The queues a worker takes tasks from, whose turn it is, and from which it takes none for now. May change any time. */
export class WorkerQueues {
  #sessions: readonly QueueSession[]
  #named: readonly WeightedQueue[]
  #order: QueueOrder
  #paused: ReadonlySet<string> = new Set()
  /** No longer asked; some of their tasks still run. */
  readonly #leaving = new Set<QueueSession>()
  readonly #how: ResolvedWorkerOptions['order']
  readonly #create: (name: string) => QueueSession

  constructor(
    queues: readonly WeightedQueue[],
    order: ResolvedWorkerOptions['order'],
    create: (name: string) => QueueSession,
  ) {
    this.#named = queues
    this.#how = order
    this.#create = create
    this.#order = new QueueOrder(queues, order)
    this.#sessions = queues.map(({ name }) => create(name))
  }

  get sessions(): readonly QueueSession[] {
    return this.#sessions
  }

  /** How many leases they hold together, of what has started and what has not. */
  get held(): number {
    let sum = 0
    for (const session of [...this.#sessions, ...this.#leaving]) sum += session.held
    return sum
  }

  get named(): readonly WeightedQueue[] {
    return this.#named
  }

  get paused(): readonly string[] {
    return this.#named.map(({ name }) => name).filter((name) => this.#paused.has(name))
  }

  turn(): readonly QueueSession[] {
    return this.#order
      .turn()
      .map((index) => this.#sessions[index])
      .filter((session) => session !== undefined)
  }

  /** Whether tasks are taken from it now. */
  takes(session: QueueSession): boolean {
    return this.#sessions.includes(session) && !this.#paused.has(session.queue)
  }

  /** Gives back what came although nothing is taken any more. */
  releaseIdle(): void {
    if (this.#paused.size === 0 && this.#leaving.size === 0) return
    for (const session of [...this.#sessions, ...this.#leaving]) {
      if (session.ready.length > 0 && !this.takes(session)) session.releaseReady()
    }
  }

  resize(concurrency: number): void {
    for (const { readAhead } of this.#sessions) readAhead.resize(concurrency)
  }

  /** Whether that changes anything here. */
  pause(names: ReadonlySet<string>): boolean {
    const before = this.paused
    this.#paused = names
    const after = this.paused
    return before.length !== after.length || after.some((name) => !before.includes(name))
  }

  async add(queue: WeightedQueue): Promise<boolean> {
    if (this.#named.some(({ name }) => name === queue.name)) return false
    const session = this.#create(queue.name)
    await session.open()
    this.#change([...this.#named, queue], [...this.#sessions, session])
    return true
  }

  remove(name: string, active: ReadonlySet<ActiveRun>): boolean {
    const session = this.#sessions.find(({ queue }) => queue === name)
    if (!session) return false
    this.#change(
      this.#named.filter((queue) => queue.name !== name),
      this.#sessions.filter((one) => one !== session),
    )
    this.#leaving.add(session)
    this.ended(session, active)
    return true
  }

  /** A run of this queue has ended: a queue that nobody asks any more is closed with its last one. */
  ended(session: QueueSession, active: ReadonlySet<ActiveRun>): void {
    if (!this.#leaving.has(session)) return
    for (const run of active) if (run.session === session) return
    this.#leaving.delete(session)
    void session.close(new AbortController().signal)
  }

  async close(hurry: AbortSignal): Promise<void> {
    await Promise.all([...this.#sessions, ...this.#leaving].map((session) => session.close(hurry)))
  }

  #change(named: readonly WeightedQueue[], sessions: readonly QueueSession[]): void {
    this.#named = named
    this.#sessions = sessions
    this.#order = new QueueOrder(named, this.#how)
  }
}
