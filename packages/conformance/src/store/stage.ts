import assert from 'node:assert/strict'
import type { Backend, CommitItem, Millis, Receiver, Settlement, TaskRecord } from '@tq/core/driver'
import { BrokerStage, type Setting } from '../broker/stage.ts'
import type { BrokerHarness, StoreHarness } from '../harness.ts'

/** A queue, a receiver and the backend in the same store. */
export interface StoreSetting extends Setting {
  readonly backend: Backend
}

/** What a case of a common store works with: a broker's stage, and the backends that belong to its brokers. */
export class StoreStage {
  readonly messages: BrokerStage
  readonly harness: StoreHarness
  readonly #backends: Backend[] = []

  constructor(harness: StoreHarness, timeResolutionMs: Millis) {
    this.harness = harness
    const create = async () => {
      const { broker, backend } = await harness.create()
      this.#backends.push(backend)
      return broker
    }
    const messages: BrokerHarness = {
      name: harness.name,
      create,
      queueName: () => harness.queueName(),
      sleep: (ms) => harness.sleep(ms),
      dispose: () => harness.dispose(),
    }
    if (harness.now) messages.now = () => harness.now?.() ?? 0
    this.messages = new BrokerStage(messages, timeResolutionMs)
  }

  /** A new pair, opened, with a queue and a receiver. */
  async set(options: { readonly leaseMs?: Millis; readonly prefetch?: number } = {}): Promise<StoreSetting> {
    const setting = await this.messages.set(options)
    const backend = this.#backends.at(-1)
    assert.ok(backend)
    await backend.open()
    return { ...setting, backend }
  }

  key(): string {
    return this.harness.key()
  }

  /** What is kept of a task. */
  async recordOf(backend: Backend, id: string): Promise<TaskRecord | undefined> {
    const [stored] = await backend.results.get([id])
    return stored
  }

  /** Commits where the case requires that it is possible. */
  async commit(receiver: Receiver, ...items: readonly CommitItem[]): Promise<readonly Settlement[]> {
    assert.ok(receiver.commit, 'every receiver of a broker commits, or none')
    return await receiver.commit(items)
  }

  async end(): Promise<void> {
    await this.messages.end()
    await Promise.all(this.#backends.map((backend) => this.messages.time.until(backend.close())))
  }
}
