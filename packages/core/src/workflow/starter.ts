import { describeError } from '../errors/task-errors.ts'
import { TqError } from '../errors/tq-error.ts'
import { readJoined } from '../runtime/joined-values.ts'
import { pack } from '../runtime/outgoing.ts'
import type { Packed } from '../runtime/packing.ts'
import { type Connection, needBackend, type Runtime } from '../runtime/runtime.ts'
import type {
  Continuation,
  FlowFrame,
  FlowGroup,
  FlowLink,
  FlowNode,
  FlowTask,
  FlowValue,
  JoinedValues,
} from '../task/flow.ts'
import { type CompleteJoin, FlowState } from './flow-state.ts'
import type { Outbox } from './outbox.ts'

/** A node has ended: how, and what follows. */
export interface Move {
  readonly continuation: Continuation
  readonly end: FlowValue
}

/** Turns nodes into messages. What ends at once, such as a group of nothing, comes back as a move. */
export class Starter {
  readonly #runtime: Runtime
  readonly #connection: Connection
  readonly #outbox: Outbox
  /** Joins whose follow-up came back as a move. */
  readonly completed: CompleteJoin[] = []

  constructor(runtime: Runtime, connection: Connection, outbox: Outbox) {
    this.#runtime = runtime
    this.#connection = connection
    this.#outbox = outbox
  }

  /**
   * @param id Of the task it becomes, or of the first part of its tasks' ids.
   * @param given The value of the node before; undefined at the start of a workflow.
   */
  async start(
    node: FlowNode,
    id: string,
    continuation: Continuation,
    given: FlowValue | undefined,
  ): Promise<readonly Move[]> {
    const inner = hearing(node, id, continuation)
    switch (node.kind) {
      case 'task':
        return this.#startTask(node, id, inner, given)
      case 'chain': {
        const [first, ...others] = node.steps
        if (!first) return [{ continuation: inner, end: given ?? {} }]
        const steps = others.map((step, index) => ({ id: `${id}.${index + 1}`, node: step }))
        const frames: readonly FlowFrame[] = [{ steps }, ...inner.frames]
        return this.start(first, `${id}.0`, { ...inner, frames }, given)
      }
      case 'group':
        return this.#startChildren(node.children, node.failures, id, inner, given)
      case 'map': {
        const elements = await this.#elements(given)
        if (elements instanceof TqError)
          return [{ continuation: inner, end: { error: describeError(elements), id } }]
        if (!elements) return [{ continuation: inner, end: { error: noList(node.child.task), id } }]
        const children = elements.map((input): FlowTask => ({ ...node.child, input }))
        return this.#startChildren(children, 'fail', id, inner, undefined)
      }
    }
  }

  async #startTask(
    node: FlowTask,
    id: string,
    continuation: Continuation,
    given: FlowValue | undefined,
  ): Promise<readonly Move[]> {
    const { input, inputFrom } = bind(node, given)
    // The continuation may be the link of the task before, which says where that one's input was.
    const { inputFrom: _, framesAt: _at, ...rest }: FlowLink = continuation
    const flow: FlowLink = { ...rest, ...(inputFrom ? { inputFrom } : {}) }
    try {
      const packed = packNode(this.#runtime, this.#connection, { ...node, input }, id, flow)
      await this.#outbox.add(node.queue, packed)
      return []
    } catch (error) {
      // Too large to travel: that ends the workflow, and must not be tried for ever.
      if (!(error instanceof TqError) || error.code !== 'PAYLOAD_TOO_LARGE') throw error
      return [{ continuation, end: { error: describeError(error), id } }]
    }
  }

  /** The set of children is fixed before the first of them is sent. */
  async #startChildren(
    children: FlowGroup['children'],
    failures: JoinedValues['failures'],
    id: string,
    continuation: Continuation,
    given: FlowValue | undefined,
  ): Promise<readonly Move[]> {
    const state = new FlowState(needBackend(this.#connection, 'a group').state, this.#connection.payloads)
    const { complete } = await state.open(id, children.length, failures, continuation)
    if (complete) {
      const joins = await state.openFollowUps([id])
      this.completed.push(...joins)
      return joins.map((join) => ({ continuation: join.continuation, end: join.end }))
    }
    const { root } = continuation
    const moves: Move[] = []
    for (const [index, child] of children.entries()) {
      const link: Continuation = {
        ...(root === undefined ? {} : { root }),
        frames: [],
        join: { id, child: String(index) },
      }
      moves.push(...(await this.start(child, `${id}.${index}`, link, given)))
    }
    return moves
  }

  async #elements(given: FlowValue | undefined): Promise<readonly unknown[] | TqError | undefined> {
    if (given === undefined || 'error' in given) return undefined
    const { payloads } = this.#connection
    const value =
      'join' in given
        ? await readJoined(needBackend(this.#connection, 'map').state, payloads, given)
        : given.value
    return Array.isArray(value) ? value : undefined
  }
}

/**
 * The message of a node that has its input.
 *
 * @throws TqError `PAYLOAD_TOO_LARGE`
 */
export function packNode(
  runtime: Runtime,
  connection: Connection,
  node: FlowTask,
  id: string,
  flow?: FlowLink,
): Packed {
  const plan = {
    queue: node.queue,
    delayMs: Math.max(node.delayMs ?? 0, (node.eta ?? 0) - runtime.clock.now()),
    taskId: id,
    uniqueKey: undefined,
    throttle: undefined,
    debounceKey: undefined,
    pendingTtlMs: node.ttlMs,
    envelope: {
      v: 1,
      task: node.task,
      ...node.envelope,
      // Its id is fixed: it may be sent again by whoever comes after a crash.
      ownId: 1,
      ...(flow ? { flow } : {}),
    },
  } as const
  return pack(runtime, connection, plan, node.input)
}

/** Whoever wants to hear of the node's failure is the innermost frame. */
function hearing(node: FlowNode, id: string, continuation: Continuation): Continuation {
  if (!node.onError) return continuation
  const frame: FlowFrame = { steps: [], onError: { id, nodes: node.onError } }
  return { ...continuation, frames: [frame, ...continuation.frames] }
}

/** The input with the value of the step before in its place; a join's values stay where they are. */
function bind(
  { input, takes }: FlowTask,
  given: FlowValue | undefined,
): { readonly input: unknown; readonly inputFrom?: FlowLink['inputFrom'] } {
  if (!takes || !given || 'error' in given) return { input }
  if ('join' in given) return { input, inputFrom: { join: given.join, failures: given.failures, takes } }
  if (takes === 'previous') return { input: given.value }
  return { input: { ...(input as object), [takes.field]: given.value } }
}

function noList(task: string) {
  return {
    name: 'TqError',
    code: 'INVALID_PAYLOAD',
    message: `map of task '${task}': the step before did not give a list.`,
  }
}
