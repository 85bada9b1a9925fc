import { randomUUID } from 'node:crypto'
import type { Backend } from '../contracts/backend.ts'
import { isTerminal, type TaskRecord, type TaskState } from '../contracts/record.ts'
import { ResultTimeout, TaskFailure, TaskRevoked } from '../errors/task-errors.ts'
import { TqError } from '../errors/tq-error.ts'
import { type Duration, parseOptionalDuration } from '../options/duration.ts'
import { readJoined } from '../runtime/joined-values.ts'
import { type RecordDetail, readDetail, toInfo, unexpired } from '../runtime/record-detail.ts'
import { needBackend, type Runtime } from '../runtime/runtime.ts'
import { currentRun } from '../task/current-run.ts'
import type { JoinedValues } from '../task/flow.ts'
import type { PayloadRef } from '../task/payload-ref.ts'
import type { AsyncResult, TaskInfo } from '../task/task.ts'
import { sleep } from '../util/sleep.ts'
import type { ResultWaiter } from './result-waiter.ts'

interface RevokeOptions {
  readonly terminate?: boolean
  readonly reason?: string
}

/** A handle on one task; every method asks the backend. */
export class StoredResult<Result> implements AsyncResult<Result> {
  readonly id: string
  readonly #runtime: Runtime
  readonly #waiter: () => Promise<ResultWaiter>

  constructor(id: string, runtime: Runtime, waiter: () => Promise<ResultWaiter>) {
    this.id = id
    this.#runtime = runtime
    this.#waiter = waiter
  }

  async status(): Promise<TaskState> {
    return (await this.#known()).state
  }

  async ready(): Promise<boolean> {
    return isTerminal((await this.#known()).state)
  }

  async successful(): Promise<boolean> {
    return (await this.#known()).state === 'SUCCESS'
  }

  async info(): Promise<TaskInfo<Result> | undefined> {
    const record = await this.record()
    if (!record) return undefined
    const info = toInfo<Result>(record)
    const { resultAt } = readDetail(record)
    return resultAt ? { ...info, result: (await this.#kept(resultAt)) as Result } : info
  }

  async get(options: { readonly timeout?: Duration; readonly signal?: AbortSignal } = {}): Promise<Result> {
    this.#warnInsideTask()
    const timeoutMs = parseOptionalDuration(options.timeout, 'get: timeout')
    const waiter = await this.#waiter()
    const stop = new AbortController()
    const cancelTimer =
      timeoutMs === undefined ? () => {} : this.#runtime.clock.setTimer(timeoutMs, () => stop.abort())
    const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal
    try {
      const record = await waiter.wait(this.id, signal)
      if (record) return await this.#valueOf(record)
      options.signal?.throwIfAborted()
      throw stop.signal.aborted ? this.#late(timeoutMs ?? 0) : this.#unknown()
    } finally {
      cancelTimer()
    }
  }

  async revoke(options: RevokeOptions = {}): Promise<boolean> {
    const backend = await this.#backend('revoke')
    for (let round = 0; ; round++) {
      const record = await this.#known()
      if (isTerminal(record.state)) return false
      // Refused: it moved on between reading and writing, or a run has claimed it and not written yet.
      if (await this.#tryRevoke(backend, record, options)) return true
      if (await this.#tryRevoke(backend, await this.#claimed(backend, record), options)) return true
      await sleep(this.#runtime.clock, Math.min(500, 5 * 2 ** round))
    }
  }

  async forget(): Promise<void> {
    await (await this.#backend('forget')).results.delete([this.id])
  }

  async #tryRevoke(backend: Backend, record: TaskRecord, options: RevokeOptions): Promise<boolean> {
    const [outcome] = await backend.results.put([this.#revoked(record, options)])
    return outcome === 'stored'
  }

  /** The record with the right to write it: every run that claimed before is fenced out. */
  async #claimed(backend: Backend, record: TaskRecord): Promise<TaskRecord> {
    const { id, generation, attempt, ttlMs } = record
    const [claim] = await backend.results.claim([{ id, generation, attempt, ttlMs, runId: randomUUID() }])
    return typeof claim === 'object' ? { ...record, epoch: claim.epoch } : record
  }

  #revoked(record: TaskRecord, options: RevokeOptions): TaskRecord {
    const now = this.#runtime.clock.now()
    const detail: RecordDetail = {
      ...readDetail(record),
      endedAt: now,
      reason: options.reason ?? 'revoked',
      ...(options.terminate ? { terminate: true } : {}),
    }
    return { ...record, state: 'REVOKED', updatedAt: now, detail: JSON.stringify(detail) }
  }

  async #valueOf(record: TaskRecord): Promise<Result> {
    const detail = readDetail(record)
    if (record.state === 'SUCCESS' && detail.joined) return (await this.#joined(detail.joined)) as Result
    if (record.state === 'SUCCESS')
      return (detail.resultAt ? await this.#kept(detail.resultAt) : detail.result) as Result
    if (record.state === 'REVOKED') throw new TaskRevoked(this.id, detail.reason ?? 'revoked')
    throw new TaskFailure(
      this.id,
      record.name,
      detail.error ?? { name: 'Error', message: 'no reason was kept' },
    )
  }

  async #joined(joined: JoinedValues): Promise<unknown> {
    const { state } = await this.#backend('get')
    return await readJoined(state, (await this.#runtime.connect()).payloads, joined)
  }

  async #kept(ref: PayloadRef): Promise<unknown> {
    return await (await this.#runtime.connect()).payloads.loadOne(ref)
  }

  #warnInsideTask(): void {
    const run = currentRun.getStore()
    if (!run) return
    this.#runtime.logger.warn(
      `Task '${run.name}' waits for the result of another task. While it waits it holds a slot; when all slots wait, nothing runs any more. Send a follow-up task instead.`,
      { id: run.id },
    )
  }

  async #backend(feature: string): Promise<Backend> {
    const connection = this.#runtime.connected ?? (await this.#runtime.connect())
    return needBackend(connection, `result.${feature}()`)
  }

  /** What is kept of it. */
  protected async record(): Promise<TaskRecord | undefined> {
    const [record] = await (await this.#backend('info')).results.get([this.id])
    return unexpired(record, this.#runtime.clock.now())
  }

  async #known(): Promise<TaskRecord> {
    const record = await this.record()
    if (!record) throw this.#unknown()
    return record
  }

  #late(timeoutMs: number): ResultTimeout {
    const { name, capabilities } = this.#runtime.connected?.backend ?? {}
    const hint = `${name} is in this process only: it needs a worker here, those of other processes cannot see it.`
    return new ResultTimeout(this.id, timeoutMs, capabilities?.shared === false ? hint : '')
  }

  #unknown(): TqError {
    return new TqError(
      'UNKNOWN_RESULT',
      `Nothing is known of task ${this.id}: it was never sent to this backend, was forgotten, or its result has expired.`,
      { details: { id: this.id } },
    )
  }
}
