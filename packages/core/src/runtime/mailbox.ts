import type { Backend, StateStore } from '../contracts/backend.ts'
import type { Clock, Millis } from '../contracts/time.ts'
import { newId } from '../util/ids.ts'
import { pagesOf } from './pages.ts'
import { listWorkers, type WorkerInfo } from './worker-list.ts'

/** What a worker can be told. */
export type Verb =
  | 'ping'
  | 'look'
  | 'active'
  | 'reserved'
  | 'conf'
  | 'concurrency'
  | 'add-consumer'
  | 'cancel-consumer'
  | 'rate-limit'
  | 'shutdown'

/** A word to one worker, some or all. */
export interface Command {
  readonly verb: Verb
  readonly with: Readonly<Record<string, unknown>>
  /** Ids of workers. */
  readonly to: readonly string[]
}

/** What one worker said to it. */
export interface WorkerAnswer<Value> {
  readonly worker: { readonly id: string; readonly name: string }
  readonly value?: Value
  /** Why there is no value: it refused, or did not answer in time. */
  readonly error?: string
}

interface Reply {
  readonly value?: unknown
  readonly error?: string
}

export const mailboxCollection = 'mailbox'
const repliesOf = (id: string): string => `replies:${id}`

/** Commands and replies are of no use to anybody later than this. */
const longestLifeMs: Millis = 120_000

/** Tells workers something and collects what they say. Works on every backend; faster where it can hint. */
export class Mailbox {
  readonly #backend: Backend
  readonly #clock: Clock

  constructor(backend: Backend, clock: Clock) {
    this.#backend = backend
    this.#clock = clock
  }

  /**
   * One answer per worker that lives and is meant, by name. Waits as long as their heartbeats take and a second more.
   *
   * @param to Ids or names; undefined means all.
   */
  async ask<Value>(
    verb: Verb,
    to: readonly string[] | undefined,
    withWhat: Command['with'] = {},
  ): Promise<readonly WorkerAnswer<Value>[]> {
    const alive = await listWorkers(this.#backend)
    const meant = alive.filter(({ id, name }) => !to || to.includes(id) || to.includes(name))
    if (meant.length === 0) return []
    const { state } = this.#backend
    const id = newId(this.#clock)
    const command: Command = { verb, with: withWhat, to: meant.map((worker) => worker.id) }
    const waitMs = Math.max(...meant.map(({ heartbeatMs }) => heartbeatMs)) + 1_000
    const replies = new Awaited(state, repliesOf(id), this.#clock)
    try {
      await state.add(mailboxCollection, id, JSON.stringify(command), { ttlMs: longestLifeMs })
      const got = await replies.until(meant.length, waitMs)
      return meant.map((worker) => answerOf<Value>(worker, got.get(worker.id), waitMs))
    } finally {
      replies.close()
      await state.remove(mailboxCollection, id)
    }
  }
}

/** What a worker does with its mail. */
export class MailSlot {
  readonly #state: StateStore
  readonly #worker: string
  /** Commands that were done, or were there before this worker was. */
  #seen: ReadonlySet<string> | undefined

  constructor(backend: Backend, worker: string) {
    this.#state = backend.state
    this.#worker = worker
  }

  /** Does what came since the last time. The first look does nothing: older commands were for others. */
  async look(obey: (command: Command) => Promise<unknown>): Promise<void> {
    const present = new Set<string>()
    const fresh: { readonly id: string; readonly command: Command }[] = []
    for await (const { member, value } of pagesOf(this.#state, mailboxCollection)) {
      present.add(member)
      if (!this.#seen || this.#seen.has(member)) continue
      const command = JSON.parse(value) as Command
      if (command.to.includes(this.#worker)) fresh.push({ id: member, command })
    }
    this.#seen = present
    await Promise.all(fresh.map(({ id, command }) => this.#answer(id, command, obey)))
  }

  async #answer(id: string, command: Command, obey: (command: Command) => Promise<unknown>): Promise<void> {
    let reply: Reply
    try {
      const value = await obey(command)
      reply = value === undefined ? {} : { value }
    } catch (error) {
      reply = { error: error instanceof Error ? error.message : String(error) }
    }
    await this.#state.add(repliesOf(id), this.#worker, JSON.stringify(reply), { ttlMs: longestLifeMs })
  }
}

/** How often it looks, where nothing is hinted. */
const lookEveryMs: Millis = 100

/** The members of a collection, as they come. */
class Awaited {
  readonly #state: StateStore
  readonly #collection: string
  readonly #clock: Clock
  readonly #unwatch: (() => void) | undefined
  #wake: () => void = () => {}

  constructor(state: StateStore, collection: string, clock: Clock) {
    this.#state = state
    this.#collection = collection
    this.#clock = clock
    this.#unwatch = state.watch?.(collection, () => this.#wake())
  }

  async until(count: number, waitMs: Millis): Promise<ReadonlyMap<string, Reply>> {
    const deadline = this.#clock.monotonic() + waitMs
    for (;;) {
      const replies = new Map<string, Reply>()
      for await (const { member, value } of pagesOf(this.#state, this.#collection))
        replies.set(member, JSON.parse(value) as Reply)
      if (replies.size >= count || this.#clock.monotonic() >= deadline) return replies
      await this.#pause(Math.min(lookEveryMs, deadline - this.#clock.monotonic()))
    }
  }

  close(): void {
    this.#unwatch?.()
  }

  #pause(ms: Millis): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.setTimer(Math.max(1, ms), resolve)
      this.#wake = () => {
        cancel()
        resolve()
      }
    })
  }
}

function answerOf<Value>(worker: WorkerInfo, reply: Reply | undefined, waitMs: Millis): WorkerAnswer<Value> {
  const { id, name } = worker
  if (!reply) return { worker: { id, name }, error: `no answer within ${waitMs} ms` }
  if (reply.error !== undefined) return { worker: { id, name }, error: reply.error }
  return reply.value === undefined
    ? { worker: { id, name } }
    : { worker: { id, name }, value: reply.value as Value }
}
