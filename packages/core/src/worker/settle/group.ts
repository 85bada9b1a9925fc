import type {
  BrokerErrorCode,
  CommitItem,
  Lease,
  Receiver,
  RoutedMessage,
  Settlement,
} from '../../contracts/broker.ts'
import { isTerminal, type TaskRecord } from '../../contracts/record.ts'
import type { Millis } from '../../contracts/time.ts'
import { BrokerError } from '../../errors/broker-error.ts'
import { readDetail } from '../../runtime/record-detail.ts'
import type { Connection, Runtime } from '../../runtime/runtime.ts'
import { sleep } from '../../util/sleep.ts'
import type { SettleItem } from './settlement.ts'

interface Entry {
  readonly item: SettleItem
  readonly how: 'commit' | 'store' | 'giveBack'
  settled(settlement: Settlement): void
  /** How far settling in steps has come: a repeated step must not take its own work for somebody else's. */
  record?: 'stored' | 'stale'
  published?: boolean
  followed?: boolean
  /** Its record was refused, and nobody has revoked the task: another run of it is ahead, or has ended. */
  overtaken?: boolean
}

type Ask = (entries: readonly Entry[]) => Promise<readonly Settlement[]>

/** What the service refuses for good comes back after this long, uncharged: it must not hold up the others. */
const refusedDelayMs: Millis = 60_000

/** What another worker runs, too, is left to it for so long at least. */
const leastLeaveMs: Millis = 1_000

/** Full groups under way at once where settling goes in steps: a service that takes few at a time must not slow us. */
const mostUnderWay = 8

/**
 * Settles what has finished on one receiver, in groups: while one is under way, what finishes is gathered for the next
 * one, which goes when that has ended, or when it is full. Off the critical path: the slot is free before this begins.
 */
export class SettleGroup {
  readonly #runtime: Runtime
  readonly #connection: Connection
  readonly #receiver: Receiver
  /** Whether a lease has ended by our own clock: then nothing may be settled with it. */
  readonly #isOver: (lease: Lease) => boolean
  readonly #waiting: Entry[] = []
  readonly #underWay = new Set<Promise<void>>()
  readonly #mostUnderWay: number
  readonly #ended = new AbortController()

  constructor(
    runtime: Runtime,
    connection: Connection,
    receiver: Receiver,
    isOver: (lease: Lease) => boolean = () => false,
  ) {
    this.#runtime = runtime
    this.#connection = connection
    this.#receiver = receiver
    this.#isOver = isOver
    // A commit is one step, and takes as many as there are.
    this.#mostUnderWay = connection.oneStore && receiver.commit ? 1 : mostUnderWay
  }

  /** Stores, publishes and acks. `settled` is told what came of it. */
  finish(item: SettleItem, settled: (settlement: Settlement) => void): void {
    this.#add({ item, how: 'commit', settled })
  }

  /** Stores and publishes for a delivery that was acknowledged before it ran. */
  store(item: SettleItem, settled: (settlement: Settlement) => void): void {
    this.#add({ item, how: 'store', settled })
  }

  /** Gives a delivery back as it is, at once. */
  giveBack(lease: CommitItem['lease'], settled: (settlement: Settlement) => void): void {
    this.#add({ item: { lease }, how: 'giveBack', settled })
  }

  /** Resolves when all that was handed in is settled. */
  async drain(): Promise<void> {
    while (this.#waiting.length > 0 || this.#underWay.size > 0) {
      this.#start()
      await Promise.race(this.#underWay)
    }
  }

  /** The receiver is gone: whatever is not settled yet is lost. */
  end(): void {
    this.#ended.abort()
  }

  #add(entry: Entry): void {
    this.#waiting.push(entry)
    // After the current turn, so that everything finishing in it goes together.
    if (this.#waiting.length === 1 && this.#underWay.size === 0) setImmediate(() => this.#start())
    else if (this.#waiting.length >= this.#maxBatch) this.#start()
  }

  get #maxBatch(): number {
    return this.#connection.broker.capabilities.maxBatch
  }

  #start(): void {
    while (this.#waiting.length > 0 && this.#underWay.size < this.#mostUnderWay) {
      if (this.#underWay.size > 0 && this.#waiting.length < this.#maxBatch) return
      const running = this.#run().finally(() => {
        this.#underWay.delete(running)
        this.#start()
      })
      this.#underWay.add(running)
    }
  }

  async #run(): Promise<void> {
    const batch = this.#waiting.splice(0, this.#maxBatch)
    const commits = batch.filter(({ how }) => how === 'commit')
    const running = [this.#untilAnswered(commits, (entries) => this.#commit(entries))]
    if (commits.length < batch.length) {
      const stores = batch.filter(({ how }) => how === 'store')
      const givenBack = batch.filter(({ how }) => how === 'giveBack')
      running.push(
        this.#untilAnswered(stores, (entries) => this.#withFollowUps(entries)),
        this.#untilAnswered(givenBack, (entries) => this.#receiver.nack(leasesOf(entries), { delayMs: 0 })),
      )
    }
    await Promise.all(running)
  }

  /** Asks again what got no answer, as long as the receiver lives. */
  async #untilAnswered(entries: readonly Entry[], ask: Ask): Promise<void> {
    let open = entries
    for (let round = 0; open.length > 0; round++) {
      open = open.filter((entry) => !this.#tooLate(entry))
      if (open.length === 0) return
      const settlements = await this.#tryOnce(open, ask)
      open = open.filter((entry, index) => {
        const settlement = settlements[index] ?? 'unknown'
        if (settlement === 'unknown' && !this.#ended.signal.aborted) return true
        entry.settled(settlement === 'unknown' ? 'lost' : settlement)
        return false
      })
      if (open.length > 0) {
        await sleep(this.#runtime.clock, Math.min(1_000, 20 * 2 ** round), this.#ended.signal)
      }
    }
  }

  #tooLate({ item, how, settled }: Entry): boolean {
    if (how === 'store' || !this.#isOver(item.lease)) return false
    settled('lost')
    return true
  }

  async #tryOnce(entries: readonly Entry[], ask: Ask): Promise<readonly Settlement[]> {
    try {
      return await ask(entries)
    } catch (error) {
      const kind = error instanceof BrokerError ? error.kind : this.#connection.broker.classify(error)
      if (isFinal(kind) && !this.#ended.signal.aborted) return this.#refused(entries, ask, kind, error)
      if (kind === 'closed') this.end()
      else this.#runtime.logger.warn('settling failed; trying again', { kind, error: String(error) })
      return entries.map(() => 'unknown')
    }
  }

  /** One of them cannot be settled, however often it is asked: found one by one, and set aside. */
  async #refused(
    entries: readonly Entry[],
    ask: Ask,
    kind: BrokerErrorCode,
    error: unknown,
  ): Promise<readonly Settlement[]> {
    if (entries.length > 1) {
      const each: Settlement[] = []
      for (const entry of entries) each.push(...(await this.#tryOnce([entry], ask)))
      return each
    }
    this.#runtime.logger.error('the service refuses to settle a task; it comes back in a minute', {
      kind,
      error: String(error),
      id: entries[0]?.item.record?.id,
    })
    await this.#receiver.nack(leasesOf(entries), { delayMs: refusedDelayMs }).catch(() => [])
    return ['lost']
  }

  async #commit(entries: readonly Entry[]): Promise<readonly Settlement[]> {
    const { oneStore } = this.#connection
    const whole = oneStore && this.#receiver.commit ? entries.filter(({ item }) => !item.inSteps) : []
    if (whole.length === entries.length)
      return (await this.#receiver.commit?.(whole.map(({ item }) => item))) ?? []
    const inSteps = entries.filter((entry) => !whole.includes(entry))
    const [committed, stepped] = await Promise.all([
      whole.length > 0 ? this.#receiver.commit?.(whole.map(({ item }) => item)) : [],
      this.#inSteps(inSteps),
    ])
    const settlements = new Map<Entry, Settlement | undefined>()
    for (const [index, entry] of whole.entries()) settlements.set(entry, committed?.[index])
    for (const [index, entry] of inSteps.entries()) settlements.set(entry, stepped[index])
    return entries.map((entry) => settlements.get(entry) ?? 'unknown')
  }

  /**
   * Record, then what follows, then ack. A crash between two steps leaves the message to be delivered again: it runs
   * once more, or its end is found and what is missing of it is done (`Admission`).
   */
  async #inSteps(entries: readonly Entry[]): Promise<readonly Settlement[]> {
    const stored = await this.#storeAndPublish(entries)
    // Asked before what follows is driven: a record that ends in between is one whose end nobody here has looked at.
    const taken = await this.#takenOver(entries)
    const own = entries.filter((entry) => !taken.has(entry))
    await this.#driveFollowUps(own)
    const acked = await this.#receiver.ack(leasesOf(own))
    if (taken.size > 0) await this.#leave([...taken])
    const settlements = new Map(own.map((entry, index) => [entry, acked[index] ?? 'unknown']))
    return entries.map((entry, index) => {
      const settlement = settlements.get(entry) ?? 'lost'
      if (settlement !== 'ok') return settlement
      return entry.overtaken ? 'lost' : (stored[index] ?? 'unknown')
    })
  }

  /**
   * Those whose result was refused because the task was handed out once more, and that has not ended. Where a service
   * delivers a message twice it is the same message: acknowledged here, it would be lost with its new owner.
   */
  async #takenOver(entries: readonly Entry[]): Promise<ReadonlySet<Entry>> {
    const { backend } = this.#connection
    const refused = entries.filter(({ record }) => record === 'stale')
    if (refused.length === 0 || !backend) return new Set()
    const now = await backend.results.get(refused.map(({ item }) => item.record?.id ?? ''))
    return new Set(
      refused.filter((entry, index) => {
        const { record } = entry.item
        const current = now[index]
        entry.overtaken = current?.state !== 'REVOKED'
        if (!record || (current && isTerminal(current.state))) return false
        // It has claimed the task, and told no more of it; or it has ended, and its record is gone: that shows when it comes again.
        if (!current) return true
        // A later attempt has a message of its own.
        return current.generation === record.generation && current.attempt === record.attempt
      }),
    )
  }

  /** Comes again when its other owner has probably ended, and is dropped then; or runs, if that one has died. */
  async #leave(entries: readonly Entry[]): Promise<void> {
    const left = entries.map((entry) => ({ ...entry, settled: () => {} }))
    // The other one started while this one ran, so it needs about as long.
    const now = this.#runtime.clock.now()
    const longest = Math.max(...entries.map(({ item: { record } }) => now - startOf(record, now)))
    const wantedMs = Math.min(refusedDelayMs, Math.max(leastLeaveMs, 2 * longest))
    const delayMs = Math.min(wantedMs, this.#connection.broker.capabilities.maxDelayMs)
    await this.#untilAnswered(left, (open) => this.#receiver.nack(leasesOf(open), { delayMs }))
  }

  async #withFollowUps(entries: readonly Entry[]): Promise<readonly Settlement[]> {
    const stored = await this.#storeAndPublish(entries)
    await this.#driveFollowUps(entries)
    return stored
  }

  async #storeAndPublish(entries: readonly Entry[]): Promise<readonly Settlement[]> {
    await this.#storeRecords(entries)
    const left = entries.filter(({ record, published }) => record !== 'stale' && !published)
    const followUps = left.flatMap(({ item }) => item.publish ?? [])
    await Promise.all(
      [...byQueue(followUps)].map(([queue, messages]) => this.#connection.publisher.publish(queue, messages)),
    )
    await Promise.all(left.map(({ item }) => this.#queueUp(item)))
    for (const entry of left) entry.published = true
    return entries.map(({ record }) => (record === 'stale' ? 'stale' : 'ok'))
  }

  async #queueUp({ waits }: SettleItem): Promise<void> {
    if (waits) await this.#connection.lines?.queue(waits.places, waits.queue, waits.message)
  }

  /** A refused record means that the task has ended in another way: then that end decides what follows. */
  async #driveFollowUps(entries: readonly Entry[]): Promise<void> {
    const open = entries.filter(({ item, followed }) => item.ended && !followed)
    if (open.length === 0) return
    const ended = open.flatMap(({ item, record }) => {
      if (!item.ended) return []
      return record === 'stale' ? { ...item.ended, end: undefined } : item.ended
    })
    await this.#runtime.followUps.drive(ended)
    for (const entry of open) entry.followed = true
  }

  async #storeRecords(entries: readonly Entry[]): Promise<void> {
    const { backend } = this.#connection
    const open = entries.filter(({ item, record }) => item.record !== undefined && record === undefined)
    if (open.length === 0 || !backend) return
    const records = open.map(({ item }) => item.record).filter((record) => record !== undefined)
    const outcomes = await backend.results.put(records)
    for (const [index, entry] of open.entries()) entry.record = outcomes[index] ?? 'stored'
  }
}

const isFinal = (kind: BrokerErrorCode): boolean =>
  kind === 'limit' || kind === 'permission' || kind === 'config' || kind === 'queue-missing'

const startOf = (record: TaskRecord | undefined, otherwise: number): number =>
  (record && readDetail(record).startedAt) ?? otherwise

const leasesOf = (entries: readonly Entry[]): CommitItem['lease'][] => entries.map(({ item }) => item.lease)

function byQueue(routed: readonly RoutedMessage[]): Map<string, RoutedMessage['message'][]> {
  const queues = new Map<string, RoutedMessage['message'][]>()
  for (const { queue, message } of routed) {
    const messages = queues.get(queue)
    if (messages) messages.push(message)
    else queues.set(queue, [message])
  }
  return queues
}
