import type { JoinProgress, StateStore } from '../contracts/backend.ts'
import type { Millis } from '../contracts/time.ts'
import { describeError } from '../errors/task-errors.ts'
import { type Aside, isMissing, ownerOf, type Payloads } from '../runtime/payloads.ts'
import type { Continuation, FlowFailure, FlowValue, JoinedValues, KeptFlowValue } from '../task/flow.ts'
import type { PayloadRef } from '../task/payload-ref.ts'

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
  readonly #payloads: Payloads

  constructor(state: StateStore, payloads: Payloads) {
    this.#state = state
    this.#payloads = payloads
  }

  /** Fixes the children before the first of them is sent. Repeated, it changes nothing, and says how far it is. */
  async open(
    id: string,
    children: number,
    failures: JoinedValues['failures'],
    continuation: Continuation,
  ): Promise<JoinProgress> {
    const kept: KeptJoin = { continuation, failures }
    const { root } = continuation
    const [text] = await this.#light([
      { owner: `${ownerOf(id, 0)}/after`, value: kept, ...(root === undefined ? {} : { root }) },
    ])
    await this.#state.put(joinKey(id), text ?? '', { ttlMs: flowTtlMs, ifAbsent: true })
    const names = Array.from({ length: children }, (_, index) => String(index))
    return await this.#state.expect(id, names, { ttlMs: flowTtlMs, sealed: true })
  }

  /** The ids of those that are complete now, each once. */
  async report(reports: readonly ChildReport[]): Promise<readonly string[]> {
    await Promise.all(reports.map((report) => this.#noteFailure(report)))
    const values = await this.#light(
      reports.map(({ join, child, value }) => ({ owner: `${ownerOf(`${join}.${child}`, 0)}/value`, value })),
    )
    const progress = await this.#state.join(
      reports.map(({ join, child }, at) => ({ join, child, value: values[at] ?? '{}' })),
    )
    return [...new Set(reports.filter((_, at) => progress[at]?.complete).map(({ join }) => join))]
  }

  /** Of complete joins, those whose follow-up is not done yet. */
  async openFollowUps(ids: readonly string[]): Promise<readonly CompleteJoin[]> {
    if (ids.length === 0) return []
    const values = await this.#state.get(ids.flatMap((id) => [joinKey(id), failedKey(id)]))
    const joins: CompleteJoin[] = []
    for (const [at, id] of ids.entries()) {
      const kept = values[2 * at]?.value
      const failed = values[2 * at + 1]?.value
      if (kept === undefined || kept === done) continue
      try {
        const { continuation, failures } = await this.#kept(kept)
        const end = failed === undefined ? { join: id, failures } : (JSON.parse(failed) as FlowFailure)
        joins.push({ id, continuation, end })
      } catch (error) {
        // Nobody knows any more what follows: the whole workflow ends here.
        if (!isMissing(error)) throw error
        const { root } = JSON.parse(kept) as { readonly root?: string }
        const continuation = { ...(root === undefined ? {} : { root }), frames: [] }
        joins.push({ id, continuation, end: { error: describeError(error), id } })
      }
    }
    return joins
  }

  /** What follows is sent: whoever comes again need not do it again. */
  async markDone(ids: readonly string[]): Promise<void> {
    await Promise.all(ids.map((id) => this.#state.put(joinKey(id), done, { ttlMs: flowTtlMs })))
  }

  /** Before it is reported: whoever completes the join has to see it. The first failure is the group's. */
  async #noteFailure({ join, value }: ChildReport): Promise<void> {
    if (!('error' in value)) return
    const [kept] = await this.#state.get([joinKey(join)])
    if (!kept || kept.value === done || (await this.#kept(kept.value)).failures === 'collect') return
    await this.#state.put(failedKey(join), JSON.stringify(value), { ttlMs: flowTtlMs, ifAbsent: true })
  }

  async #kept(text: string): Promise<KeptJoin> {
    const kept = JSON.parse(text) as KeptJoin | { readonly at: PayloadRef }
    return 'at' in kept ? ((await this.#payloads.loadOne(kept.at)) as KeptJoin) : kept
  }

  /** Values as text, or, of those that are too large for the state, where they are kept. */
  async #light(
    values: readonly {
      readonly owner: string
      readonly value: FlowValue | KeptJoin
      readonly root?: string
    }[],
  ): Promise<readonly string[]> {
    const asides: Aside[] = []
    const texts = values.map(({ owner, value, ...rest }) => {
      const text = JSON.stringify(value)
      if (text.length <= this.#payloads.aboveBytes) return text
      const aside = this.#payloads.aside(owner, value, flowTtlMs, 'value of a workflow')
      asides.push(aside)
      return JSON.stringify({ at: aside.ref, ...rest } satisfies KeptFlowValue)
    })
    await this.#payloads.keep(asides)
    return texts
  }
}
