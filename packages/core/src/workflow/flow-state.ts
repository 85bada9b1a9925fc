import type { JoinProgress, StateStore } from '../contracts/backend.ts'
import type { Millis } from '../contracts/time.ts'
import type { Continuation, FlowFailure, FlowValue, JoinedValues } from '../task/flow.ts'

/** A month: longer than any result of its tasks, so that whatever comes late still finds it. */
export const flowTtlMs: Millis = 30 * 86_400_000

/** What is kept beside a join: what follows it, until that is done. */
interface KeptJoin {
  readonly continuation: Continuation
  readonly failures: JoinedValues['failures']
}

/** A join whose children have all reported, and what follows. */
export interface CompleteJoin {
  readonly id: string
  readonly continuation: Continuation
  readonly end: FlowValue
}

/** A child's word to its join. */
export interface ChildReport {
  readonly join: string
  readonly child: string
  readonly value: FlowValue
}

const done = 'done'
const joinKey = (id: string): string => `flow:${id}`
const failedKey = (id: string): string => `flow-failed:${id}`

/** Joins in the state store: a fixed set of children, the first value of each, and what follows when all have reported. */
export class FlowState {
  readonly #state: StateStore

  constructor(state: StateStore) {
    this.#state = state
  }

  /** Fixes the children before the first of them is sent. Repeated, it changes nothing, and says how far it is. */
  async open(
    id: string,
    children: number,
    failures: JoinedValues['failures'],
    continuation: Continuation,
  ): Promise<JoinProgress> {
    const kept: KeptJoin = { continuation, failures }
    await this.#state.put(joinKey(id), JSON.stringify(kept), { ttlMs: flowTtlMs, ifAbsent: true })
    const names = Array.from({ length: children }, (_, index) => String(index))
    return await this.#state.expect(id, names, { ttlMs: flowTtlMs, sealed: true })
  }

  /** The ids of those that are complete now, each once. */
  async report(reports: readonly ChildReport[]): Promise<readonly string[]> {
    await Promise.all(reports.map((report) => this.#noteFailure(report)))
    const progress = await this.#state.join(
      reports.map(({ join, child, value }) => ({ join, child, value: JSON.stringify(value) })),
    )
    return [...new Set(reports.filter((_, at) => progress[at]?.complete).map(({ join }) => join))]
  }

  /** Of complete joins, those whose follow-up is not done yet. */
  async openFollowUps(ids: readonly string[]): Promise<readonly CompleteJoin[]> {
    if (ids.length === 0) return []
    const values = await this.#state.get(ids.flatMap((id) => [joinKey(id), failedKey(id)]))
    return ids.flatMap((id, at) => {
      const kept = values[2 * at]?.value
      const failed = values[2 * at + 1]?.value
      if (kept === undefined || kept === done) return []
      const { continuation, failures } = JSON.parse(kept) as KeptJoin
      const end = failed === undefined ? { join: id, failures } : (JSON.parse(failed) as FlowFailure)
      return [{ id, continuation, end }]
    })
  }

  /** What follows is sent: whoever comes again need not do it again. */
  async markDone(ids: readonly string[]): Promise<void> {
    await Promise.all(ids.map((id) => this.#state.put(joinKey(id), done, { ttlMs: flowTtlMs })))
  }

  /** Before it is reported: whoever completes the join has to see it. The first failure is the group's. */
  async #noteFailure({ join, value }: ChildReport): Promise<void> {
    if (!('error' in value)) return
    const [kept] = await this.#state.get([joinKey(join)])
    if (!kept || kept.value === done || (JSON.parse(kept.value) as KeptJoin).failures === 'collect') return
    await this.#state.put(failedKey(join), JSON.stringify(value), { ttlMs: flowTtlMs, ifAbsent: true })
  }
}
