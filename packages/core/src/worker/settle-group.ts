import type { CommitItem, Receiver, RoutedMessage, Settlement } from '../contracts/broker.ts'
import type { TaskRecord } from '../contracts/record.ts'
import type { Connection, Runtime } from '../runtime/runtime.ts'
import { sleep } from '../util/sleep.ts'

interface Entry {
  readonly item: CommitItem
  readonly how: 'commit' | 'store' | 'giveBack'
  settled(settlement: Settlement): void
}

/**
 * Settles what has finished on one receiver, in groups: one call is under way at a time, and all that finishes
 * meanwhile goes with the next one. Off the critical path: the slot is free before this begins.
 */
export class SettleGroup {
  readonly #runtime: Runtime
  readonly #connection: Connection
  readonly #receiver: Receiver
  #waiting: Entry[] = []
  #underWay: Promise<void> | undefined
  #ended = false

  constructor(runtime: Runtime, connection: Connection, receiver: Receiver) {
    this.#runtime = runtime
    this.#connection = connection
    this.#receiver = receiver
  }

  /** Stores, publishes and acks. `settled` is told what came of it. */
  finish(item: CommitItem, settled: (settlement: Settlement) => void): void {
    this.#add({ item, how: 'commit', settled })
  }

  /** Stores and publishes for a delivery that was acknowledged before it ran. */
  store(item: CommitItem, settled: (settlement: Settlement) => void): void {
    this.#add({ item, how: 'store', settled })
  }

  /** Gives a delivery back as it is, at once. */
  giveBack(lease: CommitItem['lease'], settled: (settlement: Settlement) => void): void {
    this.#add({ item: { lease }, how: 'giveBack', settled })
  }

  /** Resolves when all that was handed in is settled. */
  async drain(): Promise<void> {
    while (this.#waiting.length > 0 || this.#underWay !== undefined) await (this.#underWay ?? this.#start())
  }

  /** The receiver is gone: whatever is not settled yet is lost. */
  end(): void {
    this.#ended = true
  }

  #add(entry: Entry): void {
    this.#waiting.push(entry)
    // After the current turn, so that everything finishing in it goes together.
    if (this.#waiting.length === 1 && this.#underWay === undefined) setImmediate(() => void this.#start())
  }

  #start(): Promise<void> {
    this.#underWay ??= this.#run().finally(() => {
      this.#underWay = undefined
      if (this.#waiting.length > 0) void this.#start()
    })
    return this.#underWay
  }

  async #run(): Promise<void> {
    const { maxBatch } = this.#connection.broker.capabilities
    const batch = this.#waiting.length <= maxBatch ? this.#waiting : this.#waiting.slice(0, maxBatch)
    this.#waiting = this.#waiting.slice(batch.length)
    await Promise.all([
      this.#untilAnswered(batch, 'commit', (items) => this.#commit(items)),
      this.#untilAnswered(batch, 'store', (items) => this.#storeAndPublish(items)),
      this.#untilAnswered(batch, 'giveBack', (items) =>
        this.#receiver.nack(
          items.map(({ lease }) => lease),
          { delayMs: 0 },
        ),
      ),
    ])
  }

  /** Asks again what got no answer, as long as the receiver lives: every step is safe to repeat. */
  async #untilAnswered(
    entries: readonly Entry[],
    kind: Entry['how'],
    ask: (items: readonly CommitItem[]) => Promise<readonly Settlement[]>,
  ): Promise<void> {
    let open = entries.filter(({ how }) => how === kind)
    for (let round = 0; open.length > 0; round++) {
      const settlements = await this.#tryOnce(open, ask)
      open = open.filter((entry, index) => {
        const settlement = settlements[index] ?? 'unknown'
        if (settlement === 'unknown' && !this.#ended) return true
        entry.settled(settlement === 'unknown' ? 'lost' : settlement)
        return false
      })
      if (open.length > 0) await sleep(this.#runtime.clock, Math.min(1_000, 20 * 2 ** round))
    }
  }

  async #tryOnce(
    entries: readonly Entry[],
    ask: (items: readonly CommitItem[]) => Promise<readonly Settlement[]>,
  ): Promise<readonly Settlement[]> {
    try {
      return await ask(entries.map(({ item }) => item))
    } catch (error) {
      const kind = this.#connection.broker.classify(error)
      if (kind === 'closed') this.#ended = true
      this.#runtime.logger.warn('settling failed; trying again', { kind, error: String(error) })
      return entries.map(() => 'unknown')
    }
  }

  #commit(items: readonly CommitItem[]): Promise<readonly Settlement[]> {
    if (this.#connection.oneStore && this.#receiver.commit) return this.#receiver.commit(items)
    return this.#inSteps(items)
  }

  /**
   * Record, then follow-ups, then ack: a crash between two steps leaves a copy, which `claim` recognises, and never
   * loses anything.
   */
  async #inSteps(items: readonly CommitItem[]): Promise<readonly Settlement[]> {
    const stored = await this.#storeAndPublish(items)
    const acked = await this.#receiver.ack(items.map(({ lease }) => lease))
    return acked.map((settlement, index) => (settlement === 'ok' ? (stored[index] ?? 'unknown') : settlement))
  }

  async #storeAndPublish(items: readonly CommitItem[]): Promise<readonly Settlement[]> {
    const stale = await this.#storeRecords(items)
    const followUps = items.filter((item) => !stale.has(item)).flatMap(({ publish }) => publish ?? [])
    await Promise.all(
      [...byQueue(followUps)].map(([queue, messages]) => this.#connection.publisher.publish(queue, messages)),
    )
    return items.map((item) => (stale.has(item) ? 'stale' : 'ok'))
  }

  async #storeRecords(items: readonly CommitItem[]): Promise<ReadonlySet<CommitItem>> {
    const stale = new Set<CommitItem>()
    const withRecord = items.filter(
      (item): item is CommitItem & { record: TaskRecord } => item.record !== undefined,
    )
    if (withRecord.length === 0 || !this.#connection.backend) return stale
    const outcomes = await this.#connection.backend.results.put(withRecord.map(({ record }) => record))
    for (const [index, item] of withRecord.entries()) if (outcomes[index] === 'stale') stale.add(item)
    return stale
  }
}

function byQueue(routed: readonly RoutedMessage[]): Map<string, RoutedMessage['message'][]> {
  const queues = new Map<string, RoutedMessage['message'][]>()
  for (const { queue, message } of routed) {
    const messages = queues.get(queue)
    if (messages) messages.push(message)
    else queues.set(queue, [message])
  }
  return queues
}
