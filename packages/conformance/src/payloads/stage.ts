import type { KeptPayload, PayloadStore } from '@tq/core/driver'
import type { PayloadHarness } from '../harness.ts'
import { Time } from '../time.ts'

/** What a case of payloads works with. Owns the instances it opened and closes them at the end. */
export class PayloadStage {
  readonly time: Time
  readonly harness: PayloadHarness
  readonly #opened: PayloadStore[] = []

  constructor(harness: PayloadHarness) {
    this.harness = harness
    this.time = new Time(harness)
  }

  /** A new instance, opened; closed when the case ends. */
  async open(): Promise<PayloadStore> {
    const store = await this.harness.create()
    this.#opened.push(store)
    await store.open()
    return store
  }

  /** A payload with a key of its own. */
  payload(body: Uint8Array, key = this.harness.key()): KeptPayload {
    return { key, bytes: body.byteLength, body, ttlMs: 3_600_000 }
  }

  async end(): Promise<void> {
    await Promise.all(this.#opened.map((store) => this.time.until(store.close())))
  }
}
