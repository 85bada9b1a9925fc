import type { Backend } from '../contracts/backend.ts'
import type { Millis } from '../contracts/time.ts'
import { TaskRevoked } from '../errors/task-errors.ts'
import { listenersCollection, someoneListens } from '../runtime/event-feed.ts'
import { type Command, MailSlot, mailboxCollection } from '../runtime/mailbox.ts'
import { pausedCollection, pausedQueues } from '../runtime/paused-queues.ts'
import { ratesCollection, readRates } from '../runtime/rate-overrides.ts'
import { readDetail } from '../runtime/record-detail.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { heartbeatMsOf, type WorkerInfo, workersCollection } from '../runtime/worker-list.ts'
import type { ActiveRun } from './active-run.ts'
import { EventTeller } from './event-teller.ts'
import type { TaskCounter } from './task-counter.ts'

/** A worker that missed this many beats is gone. */
const missedBeats = 5
/** Hints come with every change somebody makes; looking once covers all of them. */
const looksApartMs: Millis = 50

/** What the heartbeat needs of its worker. */
export interface HeartbeatHost {
  readonly id: string
  readonly name: string
  readonly active: ReadonlySet<ActiveRun>
  readonly counter: TaskCounter
  describe(): WorkerInfo
  pause(queues: ReadonlySet<string>): void
  overrideRates(rates: ReadonlyMap<string, string>): void
  obey(command: Command): Promise<unknown>
}

/**
 * With every beat: tells who we are and what runs here, adds what was counted, and learns what was revoked, paused and
 * commanded. Works on every backend without any push; where one can hint, commands are obeyed at once.
 */
export class Heartbeat {
  readonly #runtime: Runtime
  readonly #backend: Backend
  readonly #host: HeartbeatHost
  readonly #mail: MailSlot
  readonly #teller: EventTeller
  readonly #everyMs: Millis
  readonly #unwatch: (() => void)[] = []
  #cancelTimer: (() => void) | undefined
  #cancelLook: (() => void) | undefined
  #stopped = false
  #beating: Promise<void> = Promise.resolve()
  #looking: Promise<void> = Promise.resolve()

  constructor(runtime: Runtime, backend: Backend, host: HeartbeatHost) {
    this.#runtime = runtime
    this.#backend = backend
    this.#host = host
    this.#mail = new MailSlot(backend, host.id)
    this.#teller = new EventTeller(runtime, backend.state, host.name)
    this.#everyMs = heartbeatMsOf(backend)
  }

  async start(): Promise<void> {
    await this.#beat()
    for (const name of [mailboxCollection, pausedCollection, ratesCollection, listenersCollection]) {
      const unwatch = this.#backend.state.watch?.(name, () => this.#lookSoon())
      if (unwatch) this.#unwatch.push(unwatch)
    }
    this.#plan()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancelTimer?.()
    this.#cancelLook?.()
    for (const unwatch of this.#unwatch) unwatch()
    this.#teller.stop()
    await Promise.all([this.#beating, this.#looking])
    const { state } = this.#backend
    await Promise.all([
      state.remove(workersCollection, this.#host.id).catch(() => {}),
      this.#host.counter.write(state, true).catch(() => {}),
    ])
  }

  #plan(): void {
    if (this.#stopped) return
    const next = () => {
      this.#beating = this.#beat().then(() => this.#plan())
    }
    this.#cancelTimer = this.#runtime.clock.setTimer(this.#everyMs, next, { background: true })
  }

  async #beat(): Promise<void> {
    this.#host.counter.measure()
    await this.#attempt('the heartbeat could not be written', () =>
      Promise.all([this.#tell(), this.#host.counter.write(this.#backend.state, false), this.#stopRevoked()]),
    )
    await this.#look()
  }

  #tell(): Promise<void> {
    const info = this.#host.describe()
    return this.#backend.state.add(workersCollection, info.id, JSON.stringify(info), {
      ttlMs: this.#everyMs * missedBeats,
    })
  }

  #lookSoon(): void {
    if (this.#stopped || this.#cancelLook) return
    const look = () => {
      this.#cancelLook = undefined
      void this.#look()
    }
    this.#cancelLook = this.#runtime.clock.setTimer(looksApartMs, look, { background: true })
  }

  /** One look after the other: a command is obeyed once. */
  #look(): Promise<void> {
    this.#looking = this.#looking.then(() =>
      this.#attempt('commands could not be read', async () => {
        const { state } = this.#backend
        const [paused, rates, listened] = await Promise.all([
          pausedQueues(state),
          readRates(state),
          someoneListens(state),
        ])
        this.#host.pause(new Set(paused.map(({ queue }) => queue)))
        this.#host.overrideRates(rates)
        this.#teller.wanted(listened)
        await this.#mail.look((command) => this.#host.obey(command))
      }),
    )
    return this.#looking
  }

  async #attempt(failed: string, act: () => Promise<unknown>): Promise<void> {
    try {
      await act()
    } catch (error) {
      this.#runtime.logger.warn(failed, { error: String(error) })
    }
  }

  async #stopRevoked(): Promise<void> {
    const running = [...this.#host.active].filter(({ decided }) => !decided)
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
