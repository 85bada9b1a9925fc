import type { KeptPayload, PayloadName, PayloadStore } from '@tq/core'

/** A store that tells what is in it, and fails when it is told to. Apps that share it are as on one service. */
export class TestPayloads implements PayloadStore {
  readonly name = 'test'
  readonly maxBytes = 64 * 1_048_576
  readonly kept = new Map<string, Uint8Array>()
  /** All that was ever put, by key. */
  readonly written: string[] = []
  away = false

  async open(): Promise<void> {}

  async close(): Promise<void> {}

  async put(payloads: readonly KeptPayload[]): Promise<void> {
    this.#answer()
    for (const { key, body } of payloads) {
      this.kept.set(key, Uint8Array.from(body))
      this.written.push(key)
    }
  }

  async get(names: readonly PayloadName[]): Promise<readonly (Uint8Array | undefined)[]> {
    this.#answer()
    return names.map(({ key }) => this.kept.get(key))
  }

  async delete(names: readonly PayloadName[]): Promise<void> {
    this.#answer()
    for (const { key } of names) this.kept.delete(key)
  }

  classify(error: unknown) {
    return error instanceof Away ? ('connection' as const) : ('unknown' as const)
  }

  /** Keys of what is kept of tasks, without their results, and what groups keep. */
  get inputs(): readonly string[] {
    return [...this.kept.keys()].filter((key) => !/\/(result|value|after)\//.test(key))
  }

  #answer(): void {
    if (this.away) throw new Away('the store is away')
  }
}

class Away extends Error {}
