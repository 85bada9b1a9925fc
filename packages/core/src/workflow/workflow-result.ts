import type { Backend } from '../contracts/backend.ts'
import { isTerminal } from '../contracts/record.ts'
import { TaskFailure } from '../errors/task-errors.ts'
import { StoredResult } from '../producer/async-result.ts'
import type { ResultWaiter } from '../producer/result-waiter.ts'
import { parseFlowValue, settle } from '../runtime/joined-values.ts'
import { readDetail } from '../runtime/record-detail.ts'
import { needBackend, type Runtime } from '../runtime/runtime.ts'
import type { JoinedValues } from '../task/flow.ts'
import type { Completed, WorkflowProgress, WorkflowResult } from '../task/signature.ts'
import { sleep } from '../util/sleep.ts'
import { flowTtlMs } from './flow-state.ts'

const pageSize = 1_000
const longestPauseMs = 500

/** A handle on a workflow: its own record says how it ended, its outermost group how far it is. */
export class StoredWorkflow<Result> extends StoredResult<Result> implements WorkflowResult<Result> {
  readonly #runtime: Runtime
  #found: Promise<JoinedValues | undefined> | undefined

  constructor(id: string, runtime: Runtime, waiter: () => Promise<ResultWaiter>) {
    super(id, runtime, waiter)
    this.#runtime = runtime
  }

  async progress(): Promise<WorkflowProgress> {
    const group = await this.#group()
    if (!group) return { done: (await this.ready()) ? 1 : 0, total: 1 }
    const { state } = await this.#backendFor('progress')
    const { done, total } = await state.expect(group.join, [], { ttlMs: flowTtlMs, sealed: false })
    return { done, total }
  }

  async *completed(): AsyncGenerator<Completed<Result>, void, undefined> {
    const group = await this.#group()
    if (!group) {
      yield { index: 0, value: (await this.get()) as Completed<Result>['value'] }
      return
    }
    const { state } = await this.#backendFor('completed')
    const told = new Set<string>()
    for (let pauseMs = 10; ; pauseMs = Math.min(pauseMs * 1.5, longestPauseMs)) {
      const over = isTerminal(await this.status())
      const before = told.size
      for await (const child of this.#fresh(state, group, told)) yield child
      const { done, total } = await this.progress()
      if (told.size >= total && done >= total) return
      // Revoked, or failed before all of them were sent: no more will come.
      if (over) return
      if (told.size > before) pauseMs = 10
      await sleep(this.#runtime.clock, pauseMs)
    }
  }

  /** Children that have reported since the last look. */
  async *#fresh(
    state: Backend['state'],
    { join, failures }: JoinedValues,
    told: Set<string>,
  ): AsyncGenerator<Completed<Result>> {
    const { payloads } = await this.#runtime.connect()
    for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
      const page = await state.joined(join, { limit: pageSize, ...(cursor === undefined ? {} : { cursor }) })
      for (const { member, value } of page.members) {
        if (told.has(member)) continue
        told.add(member)
        const ended = parseFlowValue(value)
        if ('error' in ended && failures === 'fail')
          throw new TaskFailure(ended.id, 'in a group', ended.error)
        const settled = (await settle(state, payloads, ended, failures)) as Completed<Result>['value']
        yield { index: Number(member), value: settled }
      }
      cursor = page.next
    }
  }

  /** The group whose children its progress counts. */
  #group(): Promise<JoinedValues | undefined> {
    this.#found ??= this.record().then((record) => record && readDetail(record).group)
    return this.#found
  }

  async #backendFor(feature: string): Promise<Backend> {
    return needBackend(await this.#runtime.connect(), `workflow.${feature}()`)
  }
}
