import type { Backend } from '../contracts/backend.ts'
import type { KeptPayload, PayloadName, PayloadStore } from '../contracts/payload-store.ts'
import { inTurns } from '../util/in-turns.ts'

/**
 * Three bytes are four characters there: fits what every backend keeps as one value. Part of the storage layout, as the
 * number of parts is told by the length.
 */
const partBytes = 262_144
/** Values under way at once. */
const atOnce = 8

/** Payloads in the backend's state, in parts. */
export class BackendPayloads implements PayloadStore {
  readonly name = 'backend'
  readonly maxBytes = 1_073_741_824
  readonly #backend: Backend

  constructor(backend: Backend) {
    this.#backend = backend
  }

  /** The backend is opened and closed by whoever it belongs to. */
  async open(): Promise<void> {}

  async close(): Promise<void> {}

  async put(payloads: readonly KeptPayload[]): Promise<void> {
    const parts = payloads.flatMap((payload) => keysOf(payload).map((key, part) => ({ key, part, payload })))
    await inTurns(parts, atOnce, async ({ key, part, payload: { body, ttlMs } }) => {
      const value = textOf(body.subarray(part * partBytes, (part + 1) * partBytes))
      await this.#backend.state.put(key, value, { ttlMs })
    })
  }

  async get(names: readonly PayloadName[]): Promise<readonly (Uint8Array | undefined)[]> {
    // One after the other: each may be as long as an answer can be.
    const found: (Uint8Array | undefined)[] = []
    for (const name of names) {
      const parts = await this.#backend.state.get(keysOf(name))
      found.push(
        parts.some((part) => part === undefined)
          ? undefined
          : Buffer.concat(parts.map((part) => Buffer.from(part?.value ?? '', 'base64'))),
      )
    }
    return found
  }

  async delete(names: readonly PayloadName[]): Promise<void> {
    await inTurns(names.flatMap(keysOf), atOnce, async (key) => {
      await this.#backend.state.delete(key)
    })
  }

  classify(error: unknown) {
    return this.#backend.classify(error)
  }
}

function keysOf({ key, bytes }: PayloadName): readonly string[] {
  const parts = Math.max(1, Math.ceil(bytes / partBytes))
  return Array.from({ length: parts }, (_, part) => `payload:${key}:${part}`)
}

const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
