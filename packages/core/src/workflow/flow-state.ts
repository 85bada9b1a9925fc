import type { JoinProgress, StateStore } from '../contracts/backend.ts'
import type { Millis } from '../contracts/time.ts'
import { describeError } from '../errors/task-errors.ts'
import { TqError } from '../errors/tq-error.ts'
import { type Aside, isMissing, ownerOf, type Payloads } from '../runtime/payloads.ts'
import type { Continuation, FlowFailure, FlowValue, JoinedValues, KeptFlowValue } from '../task/flow.ts'
import type { PayloadRef } from '../task/payload-ref.ts'

/** A month: longer than any result of its tasks, so that whatever comes late still finds it. */
export const flowTtlMs: Millis = 30 * 86_400_000

/** What is kept beside a join: what follows it, until that is done. */
interface KeptJoin {
  readonly continuation: Continuation
  readonly failures: JoinedValues['failures']
  /** It failed, and that was told: kept for whoever runs again what failed in it. */
  readonly over?: true
}

/** A join whose children have all reported, and what follows. */
export interface CompleteJoin {
  readonly id: string
  readonly continuation: Continuation
  readonly failures: JoinedValues['failures']
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

/** A join's name in the first round, before anything in it was run again by hand. */
export function firstName(id: string): string {
  return id.replace(/~\d+$/, '')
}

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
    await this.#keep(id, { continuation, failures }, true)
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
      const text = values[2 * at]?.value
      const failed = values[2 * at + 1]?.value
      try {
        const kept = await this.#kept(text)
        if (!kept || kept.over) continue
        const { continuation, failures } = kept
        const end = failed === undefined ? { join: id, failures } : (JSON.parse(failed) as FlowFailure)
        joins.push({ id, continuation, failures, end })
      } catch (error) {
        // Nobody knows any more what follows: the whole workflow ends here.
        if (!isMissing(error)) throw error
        const { root } = JSON.parse(text ?? '{}') as { readonly root?: string }
        const continuation = { ...(root === undefined ? {} : { root }), frames: [] }
        joins.push({ id, continuation, failures: 'fail', end: { error: describeError(error), id } })
      }
    }
    return joins
  }

  /** What follows is sent: whoever comes again need not do it again. */
  async markDone(joins: readonly CompleteJoin[]): Promise<void> {
    await Promise.all(
      joins.map(({ id, continuation, failures, end }) =>
        'error' in end
          ? this.#keep(id, { continuation, failures, over: true })
          : this.#state.put(joinKey(id), done, { ttlMs: flowTtlMs }),
      ),
    )
  }

  /** @throws TqError `INVALID_OPTION` while a failed child of this join cannot be awaited anew */
  async refuseWhileOpen(id: string): Promise<void> {
    const [value] = await this.#state.get([joinKey(id)])
    if ((await this.#kept(value?.value))?.failures === 'fail') throw stillRunning()
  }

  /**
   * The join of a failed child as it was before anything in it failed, under a name of this round; so are those around it,
   * outside in. Who did not fail need not report again. Repeated in the same round, it changes nothing. Returns the join
   * to report to, and adds to `renamed` what has a new name.
   *
   * @throws TqError `INVALID_OPTION` when it still waits for others in this round
   */
  async reopen(
    join: NonNullable<Continuation['join']>,
    round: number,
    renamed: Map<string, string>,
  ): Promise<NonNullable<Continuation['join']>> {
    const [value] = await this.#state.get([joinKey(join.id)])
    const kept = await this.#kept(value?.value)
    // No longer known, or it went on with the failure as a value.
    if (!kept || kept.failures === 'collect') return join
    const first = firstName(join.id)
    const id = `${first}~${round}`
    if (id === join.id) throw stillRunning()
    const { continuation, failures } = kept
    const outer = continuation.join && (await this.reopen(continuation.join, round, renamed))
    const { total } = await this.#state.expect(join.id, [], { ttlMs: flowTtlMs, sealed: false })
    await this.open(id, total, failures, outer ? { ...continuation, join: outer } : continuation)
    await this.#copySuccesses(join.id, id)
    await this.#keep(join.id, { ...kept, over: true })
    renamed.set(first, id)
    return { ...join, id }
  }

  async #copySuccesses(from: string, to: string): Promise<void> {
    for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
      const page = await this.#state.joined(from, { limit: 500, ...(cursor === undefined ? {} : { cursor }) })
      const good = page.members.filter(({ value }) => !isFailure(JSON.parse(value) as KeptFlowValue))
      if (good.length > 0)
        await this.#state.join(good.map(({ member, value }) => ({ join: to, child: member, value })))
      cursor = page.next
    }
  }

  /** Before it is reported: whoever completes the join has to see it. The first failure is the group's. */
  async #noteFailure({ join, value }: ChildReport): Promise<void> {
    if (!('error' in value)) return
    const [found] = await this.#state.get([joinKey(join)])
    const kept = await this.#kept(found?.value)
    if (!kept || kept.over || kept.failures === 'collect') return
    await this.#state.put(failedKey(join), JSON.stringify(value), { ttlMs: flowTtlMs, ifAbsent: true })
  }

  async #keep(id: string, kept: KeptJoin, ifAbsent = false): Promise<void> {
    const { root } = kept.continuation
    const [text = ''] = await this.#light([
      { owner: `${ownerOf(id, 0)}/after`, value: kept, ...(root === undefined ? {} : { root }) },
    ])
    await this.#state.put(joinKey(id), text, { ttlMs: flowTtlMs, ifAbsent })
  }

  /** Undefined when it is not known any more, or done. */
  async #kept(text: string | undefined): Promise<KeptJoin | undefined> {
    if (text === undefined || text === done) return undefined
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
      const failed = 'error' in value ? { failed: true as const } : {}
      return JSON.stringify({ at: aside.ref, ...failed, ...rest } satisfies KeptFlowValue)
    })
    await this.#payloads.keep(asides)
    return texts
  }
}

function isFailure(value: KeptFlowValue): boolean {
  return 'at' in value ? value.failed === true : 'error' in value
}

function stillRunning(): TqError {
  return new TqError(
    'INVALID_OPTION',
    'Other parts of its workflow failed too, or still run: it can be run again once the whole has failed.',
  )
}
