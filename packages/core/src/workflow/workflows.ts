import { isTerminal, type TaskRecord } from '../contracts/record.ts'
import { describeError } from '../errors/task-errors.ts'
import { TqError } from '../errors/tq-error.ts'
import { checkTaskId } from '../options/names.ts'
import type { EndedStep, FollowUps } from '../runtime/follow-ups.ts'
import { resultDetail, resultOf } from '../runtime/large-results.ts'
import { keepAsides } from '../runtime/packing.ts'
import { isMissing, type Payloads } from '../runtime/payloads.ts'
import { type RecordDetail, readDetail } from '../runtime/record-detail.ts'
import { type Connection, needBackend, type Runtime } from '../runtime/runtime.ts'
import { noteSent, sentBefore } from '../runtime/sent-before.ts'
import type { Continuation, FlowFrame, FlowLink, FlowNode, FlowValue, JoinedValues } from '../task/flow.ts'
import type { PlannedSignature, SignatureOptions } from '../task/signature.ts'
import type { SendOptions } from '../task/task.ts'
import { resolveTaskPolicy } from '../task/task-policy.ts'
import { newId } from '../util/ids.ts'
import { type ChildReport, FlowState, firstName, flowTtlMs } from './flow-state.ts'
import { freeze, missingInput, needsBackend } from './freeze.ts'
import { Outbox } from './outbox.ts'
import { outlineOf } from './outline.ts'
import { type Move, packNode, Starter } from './starter.ts'

/** The name in the record of a whole workflow. */
const workflowName = 'workflow'

/**
 * Workflows: sends their first tasks, and drives what follows each that has ended.
 *
 * What follows is sent before a task's message is acknowledged, so the unacknowledged message is the outbox: whoever dies
 * on the way is followed by a redelivery, which finds the task ended and drives again, without running it. Every id is
 * fixed when the workflow is sent, so doing it twice does nothing twice.
 */
export class Workflows implements FollowUps {
  readonly #runtime: Runtime

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  /** Sends a workflow. Returns its id; sent before under this id, nothing is sent. @throws TqError */
  async launch(
    signature: PlannedSignature,
    options: SignatureOptions & Pick<SendOptions, 'taskId'>,
  ): Promise<string> {
    const { taskId, ...inherited } = options
    const node = await this.prepare(signature, inherited)
    const id = taskId === undefined ? newId(this.#runtime.clock) : checkTaskId(taskId)
    await this.#launch(node, id, taskId !== undefined)
    return id
  }

  /** A signature as it travels, whole and checked. @throws TqError */
  async prepare(signature: PlannedSignature, inherited: SignatureOptions): Promise<FlowNode> {
    const node = await freeze(this.#runtime, signature, inherited)
    const missing = missingInput(node)
    if (missing === undefined) return node
    throw new TqError(
      'INVALID_OPTION',
      `Task '${missing}' takes the value of a step before it, and there is none: give it its input, .s(input).`,
    )
  }

  /** Sends what was prepared, a lone task as an ordinary one. Under an id that was used before, nothing is sent. */
  async sendPrepared(node: FlowNode, id: string): Promise<void> {
    if (node.kind !== 'task' || node.onError) return await this.#launch(node, id, true)
    const connection = await this.#runtime.connect()
    if (!connection.oneStore && (await sentBefore(connection, id))) return
    const packed = packNode(this.#runtime, connection, node, id)
    const { message } = packed
    await keepAsides(connection, [packed])
    await connection.publisher.publish(node.queue, [message])
    if (!connection.oneStore && message.record) await noteSent(this.#runtime, connection, message.record)
  }

  async #launch(node: FlowNode, id: string, ownId: boolean): Promise<void> {
    const connection = await this.#runtime.connect()
    if (needsBackend(node)) needBackend(connection, 'a group, chord or map')
    if (ownId && (await sentBefore(connection, id))) return
    const record = this.#rootRecord(id, node)
    const [kept] = (await connection.backend?.results.put([record])) ?? []
    // Sent before under this id, and over.
    if (kept === 'stale') return
    const root = connection.backend ? { root: id } : {}
    await this.#drive(connection, (starter) =>
      starter.start(node, node.kind === 'task' ? `${id}.0` : id, { ...root, frames: [] }, undefined),
    )
    if (ownId) await noteSent(this.#runtime, connection, record)
  }

  async drive(ended: readonly EndedStep[]): Promise<void> {
    const connection = await this.#runtime.connect()
    const moves = await this.#endsOf(connection, ended)
    if (moves.length > 0) await this.#drive(connection, async () => moves)
  }

  async reopen(link: FlowLink): Promise<FlowLink> {
    const connection = await this.#runtime.connect()
    const { backend } = connection
    const { root: id, join } = link
    const [root] = backend && id !== undefined ? await backend.results.get([id]) : []
    if (!backend || !root) return link
    const failed = root.state === 'FAILURE'
    // It ended otherwise: nothing waits for this task any more.
    if (!failed && root.state !== 'STARTED') return link
    const state = new FlowState(backend.state, connection.payloads)
    if (!failed && root.generation === 0) {
      // Still in its first round: what counts of each child is what it said first.
      if (join) await state.refuseWhileOpen(join.id)
      return link
    }
    const round = failed ? root.generation + 1 : root.generation
    const renamed = new Map<string, string>()
    const reopened = join && (await state.reopen(join, round, renamed))
    if (failed) await backend.results.put([this.#goesOn(root, round, renamed)])
    return reopened ? { ...link, join: reopened } : link
  }

  /** Step by step until all that follows is sent or waits for others. */
  async #drive(connection: Connection, first: (starter: Starter) => Promise<readonly Move[]>): Promise<void> {
    const outbox = new Outbox(connection)
    const starter = new Starter(this.#runtime, connection, outbox)
    let moves = await first(starter)
    while (moves.length > 0) moves = await this.#next(connection, starter, moves)
    await outbox.flush()
    if (starter.completed.length > 0 && connection.backend)
      await new FlowState(connection.backend.state, connection.payloads).markDone(starter.completed)
  }

  /** What each move leads to: a next step, a report to a join, the end of the workflow. */
  async #next(connection: Connection, starter: Starter, moves: readonly Move[]): Promise<readonly Move[]> {
    const roots = await this.#rootsOf(connection, moves)
    const following: Move[] = []
    const reports: ChildReport[] = []
    const endings: TaskRecord[] = []
    for (const { continuation, end } of moves) {
      const root = continuation.root === undefined ? undefined : roots.get(continuation.root)
      // Revoked, or over for another reason: nothing follows any more.
      if (root && isTerminal(root.state)) continue
      const round = root?.generation ?? 0
      if ('error' in end) following.push(...(await callErrorCallbacks(starter, continuation, end, round)))
      else {
        const next = nextStep(continuation)
        if (next) {
          following.push(...(await starter.start(next.step.node, next.step.id, next.continuation, end)))
          continue
        }
      }
      const { join } = continuation
      if (join) reports.push({ join: join.id, child: join.child, value: end })
      else if (root) endings.push(await this.#ending(connection, root, end))
    }
    if (reports.length > 0) following.push(...(await this.#report(connection, starter, reports)))
    if (endings.length > 0) await connection.backend?.results.put(endings)
    return following
  }

  async #report(
    connection: Connection,
    starter: Starter,
    reports: readonly ChildReport[],
  ): Promise<readonly Move[]> {
    const state = new FlowState(needBackend(connection, 'a group').state, connection.payloads)
    const joins = await state.openFollowUps(await state.report(reports))
    starter.completed.push(...joins)
    return joins.map(({ continuation, end }) => ({ continuation, end }))
  }

  async #rootsOf({ backend }: Connection, moves: readonly Move[]): Promise<ReadonlyMap<string, TaskRecord>> {
    const ids = [...new Set(moves.flatMap(({ continuation }) => continuation.root ?? []))]
    if (!backend || ids.length === 0) return new Map()
    const records = await backend.results.get(ids)
    return new Map(records.filter((record) => record !== undefined).map((record) => [record.id, record]))
  }

  /** As told, or as the task's record says. */
  async #endsOf(connection: Connection, ended: readonly EndedStep[]): Promise<readonly Move[]> {
    const { backend } = connection
    const asked = ended.filter(({ end }) => end === undefined)
    const records = backend && asked.length > 0 ? await backend.results.get(asked.map(({ id }) => id)) : []
    const moves: Move[] = []
    for (const { id, link, end } of ended) {
      const move = end && (await this.#move(connection, id, link, end, false))
      if (move) moves.push(move)
    }
    for (const [index, { id, link, generation }] of asked.entries()) {
      const record = records[index]
      const end =
        record && record.generation === generation ? await endOf(record, connection.payloads) : undefined
      const move = end && (await this.#move(connection, id, link, end, true))
      if (move) moves.push(move)
    }
    return moves
  }

  /**
   * With the steps that follow, wherever they are kept. Where they are gone, that is how it ends.
   *
   * @param late It has ended before: its steps are deleted once they are sent, so that those that are gone were sent.
   */
  async #move(
    { payloads }: Connection,
    id: string,
    link: FlowLink,
    end: FlowValue,
    late: boolean,
  ): Promise<Move | undefined> {
    if (!link.framesAt) return { continuation: link, end }
    const { framesAt, ...rest } = link
    const [frames] = await payloads.load([framesAt])
    if (late && isMissing(frames)) return undefined
    if (frames instanceof TqError) return { continuation: rest, end: { error: describeError(frames), id } }
    return { continuation: { ...rest, frames: frames as FlowLink['frames'] }, end }
  }

  #rootRecord(id: string, node: FlowNode): TaskRecord {
    const group = outermostGroup(node, id)
    const outline = outlineOf(node)
    const now = this.#runtime.clock.now()
    return {
      id,
      name: workflowName,
      queue: '',
      state: 'STARTED',
      generation: 0,
      attempt: 0,
      epoch: 0,
      updatedAt: now,
      detail: JSON.stringify({
        sentAt: now,
        ...(group ? { group } : {}),
        ...(outline ? { outline } : {}),
      } satisfies RecordDetail),
      ttlMs: flowTtlMs,
      markMs: flowTtlMs,
    }
  }

  /** A failed workflow that runs again, a generation higher. */
  #goesOn(root: TaskRecord, generation: number, renamed: ReadonlyMap<string, string>): TaskRecord {
    const { sentAt, outline, group } = readDetail(root)
    const detail: RecordDetail = {
      ...(sentAt === undefined ? {} : { sentAt }),
      ...(group ? { group: { ...group, join: renamed.get(firstName(group.join)) ?? group.join } } : {}),
      ...(outline ? { outline } : {}),
    }
    return {
      ...root,
      state: 'STARTED',
      generation,
      updatedAt: this.#runtime.clock.now(),
      detail: JSON.stringify(detail),
      ttlMs: flowTtlMs,
      markMs: flowTtlMs,
    }
  }

  async #ending({ payloads }: Connection, root: TaskRecord, end: FlowValue): Promise<TaskRecord> {
    const { successTtlMs, failureTtlMs } = resolveTaskPolicy({}, this.#runtime.settings.defaults, 'workflow')
    const endedAt = this.#runtime.clock.now()
    const outcome: RecordDetail =
      'error' in end
        ? { error: end.error }
        : 'join' in end
          ? { joined: end }
          : await resultDetail(payloads, root.id, root.generation, end.value, successTtlMs)
    return {
      ...root,
      state: 'error' in end ? 'FAILURE' : 'SUCCESS',
      updatedAt: endedAt,
      detail: JSON.stringify({ ...readDetail(root), endedAt, ...outcome } satisfies RecordDetail),
      ttlMs: 'error' in end ? failureTtlMs : successTtlMs,
    }
  }
}

/** The group whose children stand for the whole: the workflow itself, or the first group among its steps. */
function outermostGroup(node: FlowNode, id: string): JoinedValues | undefined {
  if (node.kind === 'group') return { join: id, failures: node.failures }
  if (node.kind === 'map') return { join: id, failures: 'fail' }
  if (node.kind !== 'chain') return undefined
  const at = node.steps.findIndex(({ kind }) => kind === 'group' || kind === 'map')
  const step = node.steps[at]
  return step && outermostGroup(step, `${id}.${at}`)
}

/** The next step of the innermost chain that has one left, and what is left after it. */
function nextStep(continuation: Continuation) {
  const { frames } = continuation
  const at = frames.findIndex(({ steps }) => steps.length > 0)
  const frame = frames[at]
  const step = frame?.steps[0]
  if (!frame || !step) return undefined
  const left: readonly FlowFrame[] = [{ ...frame, steps: frame.steps.slice(1) }, ...frames.slice(at + 1)]
  return { step, continuation: { ...continuation, frames: left } }
}

/** Everybody around the node that failed hears of it, the innermost first: in each round of a workflow that was run again. */
async function callErrorCallbacks(
  starter: Starter,
  { frames }: Continuation,
  { error, id }: Extract<FlowValue, { error: unknown }>,
  round: number,
): Promise<readonly Move[]> {
  const moves: Move[] = []
  const again = round === 0 ? '' : `!${round}`
  for (const { onError } of frames) {
    for (const [index, node] of (onError?.nodes ?? []).entries()) {
      const given = { value: { id, error } }
      moves.push(...(await starter.start(node, `${onError?.id}!${index}${again}`, { frames: [] }, given)))
    }
  }
  return moves
}

async function endOf(record: TaskRecord, payloads: Payloads): Promise<FlowValue | undefined> {
  const detail = readDetail(record)
  const { error, reason } = detail
  const { id } = record
  if (record.state === 'SUCCESS') {
    const value = await resultOf(payloads, detail)
    return value instanceof TqError ? { error: describeError(value), id } : { value }
  }
  if (record.state === 'FAILURE')
    return { error: error ?? { name: 'Error', message: 'no reason was kept' }, id }
  if (record.state === 'REVOKED') return { error: revokedError(id, reason), id }
  return undefined
}

function revokedError(id: string, reason = 'revoked') {
  return { name: 'TaskRevoked', code: 'TASK_REVOKED', message: `Task ${id} was revoked: ${reason}` }
}
