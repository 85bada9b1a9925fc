import { randomUUID } from 'node:crypto'
import type { Backend, Millis, ResultBackend, StateStore, TaskRecord } from '@tq/core/driver'
import type { BackendHarness } from '../harness.ts'
import { Time } from '../time.ts'

/** A time to live that does not end within any case. */
export const longTtlMs: Millis = 3_600_000

/** What a backend case works with. Owns the instances it opened and closes them at the end. */
export class BackendStage {
  readonly time: Time
  readonly harness: BackendHarness
  /** The least that this service tells apart. */
  readonly resolution: Millis
  readonly #opened: Backend[] = []

  constructor(harness: BackendHarness, timeResolutionMs: Millis) {
    this.harness = harness
    this.resolution = timeResolutionMs
    this.time = new Time(harness)
  }

  /** A time to live, or a lease, that a case waits to end. */
  get shortMs(): Millis {
    return Math.max(400, 2 * this.resolution)
  }

  /** Ends a time to live that began before. */
  async pastShort(): Promise<void> {
    await this.time.sleep(this.shortMs + this.resolution + 50)
  }

  /** Never the same twice. */
  key(): string {
    return this.harness.key()
  }

  /** A new instance, opened; closed when the case ends. */
  async open(): Promise<Backend> {
    const backend = await this.harness.create()
    this.#opened.push(backend)
    await backend.open()
    return backend
  }

  /** Another instance where instances share the data, else the same one. */
  async again(backend: Backend): Promise<Backend> {
    return backend.capabilities.shared ? await this.open() : backend
  }

  async results(): Promise<ResultBackend> {
    return (await this.open()).results
  }

  async state(): Promise<StateStore> {
    return (await this.open()).state
  }

  async end(): Promise<void> {
    await Promise.all(this.#opened.map((backend) => this.time.until(backend.close())))
  }
}

/** A record of a task that runs, with a new id unless told. */
export function record(parts: Partial<TaskRecord> = {}): TaskRecord {
  return {
    id: randomUUID(),
    name: 'conformance.task',
    queue: 'default',
    state: 'STARTED',
    generation: 0,
    attempt: 0,
    epoch: 0,
    updatedAt: 1_767_225_600_000,
    detail: '{}',
    ttlMs: longTtlMs,
    markMs: longTtlMs,
    ...parts,
  }
}
