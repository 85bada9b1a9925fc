import type { Backend } from '../contracts/backend.ts'
import type { Millis } from '../contracts/time.ts'
import { TaskRevoked } from '../errors/task-errors.ts'
import { readDetail } from '../runtime/record-detail.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { type WorkerInfo, workersCollection } from '../runtime/worker-list.ts'
import type { ActiveRun } from './active-run.ts'

const everyMs: Millis = 2_000
/** A worker that missed this many beats is gone. */
const missedBeats = 5

/**
 * Every two seconds: tells who we are and what runs here, and learns which of it was revoked. Works on every
 * backend, without any push.
 */
export class Heartbeat {
  readonly #runtime: Runtime
  readonly #backend: Backend
  readonly #active: ReadonlySet<ActiveRun>
  readonly #describe: () => WorkerInfo
  #cancelTimer: (() => void) | undefined
  #stopped = false
  #beating: Promise<void> = Promise.resolve()

  constructor(
    runtime: Runtime,
    backend: Backend,
    active: ReadonlySet<ActiveRun>,
    describe: () => WorkerInfo,
  ) {
    this.#runtime = runtime
    this.#backend = backend
    this.#active = active
    this.#describe = describe
  }

  async start(): Promise<void> {
    await this.#beat()
    this.#plan()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancelTimer?.()
    await this.#beating
    await this.#backend.state.remove(workersCollection, this.#describe().id).catch(() => {})
  }

  #plan(): void {
    if (this.#stopped) return
    const next = () => {
      this.#beating = this.#beat().then(() => this.#plan())
    }
    this.#cancelTimer = this.#runtime.clock.setTimer(everyMs, next, { background: true })
  }

  async #beat(): Promise<void> {
    try {
      const info = this.#describe()
      const alive = this.#backend.state.add(workersCollection, info.id, JSON.stringify(info), {
        ttlMs: everyMs * missedBeats,
      })
      await Promise.all([alive, this.#stopRevoked()])
    } catch (error) {
      this.#runtime.logger.warn('the heartbeat could not be written', { error: String(error) })
    }
  }

  async #stopRevoked(): Promise<void> {
    const running = [...this.#active].filter(({ decided }) => !decided)
    if (running.length === 0) return
    // A task's own record, and that of the workflow it is part of.
    const ids = running.flatMap(({ job: { envelope } }) => [envelope.id, envelope.flow?.root ?? envelope.id])
    const records = await this.#backend.results.get(ids)
    for (const [index, run] of running.entries()) {
      const { id, generation, flow } = run.job.envelope
      const [own, root] = [records[2 * index], records[2 * index + 1]]
      const revoked = own?.state === 'REVOKED' && own.generation === generation ? own : flow && root
      if (revoked?.state !== 'REVOKED') continue
      const { reason, terminate } = readDetail(revoked)
      run.context.stop(new TaskRevoked(id, reason ?? 'revoked'))
      if (terminate) run.context.terminate?.()
    }
  }
}
