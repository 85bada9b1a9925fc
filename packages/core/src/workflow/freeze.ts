import { TqError } from '../errors/tq-error.ts'
import { planSending } from '../runtime/outgoing.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { FlowNode, FlowTask } from '../task/flow.ts'
import { checkJson } from '../task/json.ts'
import { parseWith } from '../task/schema.ts'
import type { PlannedSignature, SignatureOptions } from '../task/signature.ts'
import type { TaskDefinition } from '../task/task.ts'

/**
 * A signature as it travels: every option decided, every whole input checked, in the sender's hands. A worker that goes on
 * with it need not know the tasks that follow.
 *
 * @param inherited Options of what it is part of; its own are stronger.
 * @throws TqError
 */
export async function freeze(
  runtime: Runtime,
  signature: PlannedSignature,
  inherited: SignatureOptions,
): Promise<FlowNode> {
  const { plan } = signature
  const options = { ...inherited, ...signature.options }
  const onError = await freezeAll(runtime, signature.errorCallbacks, {})
  const callbacks = onError.length > 0 ? { onError } : {}
  switch (plan.kind) {
    case 'task': {
      await checkInput(plan)
      const takes = plan.takes === 'nothing' || plan.takes === 'ignored' ? {} : { takes: plan.takes }
      const input = plan.input === undefined ? {} : { input: plan.input }
      const task = freezeTask(runtime, plan.task, options)
      const envelope = plan.many ? { ...task.envelope, many: 1 as const } : task.envelope
      return { ...task, envelope, ...input, ...takes, ...callbacks }
    }
    case 'map':
      return { kind: 'map', child: freezeTask(runtime, plan.task, options), ...callbacks }
    case 'group': {
      const children = await freezeAll(runtime, plan.children, options)
      return { kind: 'group', children, failures: plan.failures, ...callbacks }
    }
    case 'chain': {
      // Only its first step waits: the others begin when the one before has ended.
      const { countdown: _c, eta: _e, ...rest } = options
      const [first, ...others] = plan.steps
      const steps = [
        ...(first ? [await freeze(runtime, first, options)] : []),
        ...(await freezeAll(runtime, others, rest)),
      ]
      return { kind: 'chain', steps, ...callbacks }
    }
  }
}

async function freezeAll(
  runtime: Runtime,
  signatures: readonly PlannedSignature[],
  options: SignatureOptions,
): Promise<readonly FlowNode[]> {
  const nodes: FlowNode[] = []
  for (const signature of signatures) nodes.push(await freeze(runtime, signature, options))
  return nodes
}

function freezeTask(runtime: Runtime, task: TaskDefinition, options: SignatureOptions): FlowTask {
  const { queue, delayMs, pendingTtlMs, envelope, sending } = planSending(runtime, task, options)
  // Sent later, and by others: what travels with it is known now.
  sending?.ended()
  const { priority, maxRetries, expiresMs, headers, ignoreResult, tags, group } = envelope
  return {
    kind: 'task',
    task: task.name,
    queue,
    ttlMs: pendingTtlMs,
    ...(options.eta ? { eta: options.eta.getTime() } : delayMs > 0 ? { delayMs } : {}),
    envelope: {
      ...(priority === undefined ? {} : { priority }),
      ...(maxRetries === undefined ? {} : { maxRetries }),
      ...(expiresMs === undefined ? {} : { expiresMs }),
      ...(headers ? { headers } : {}),
      ...(ignoreResult ? { ignoreResult } : {}),
      ...(tags ? { tags } : {}),
      ...(group === undefined ? {} : { group }),
    },
  }
}

/** A whole input is validated now; one that still lacks a value only where its task runs. */
async function checkInput(plan: Extract<PlannedSignature['plan'], { kind: 'task' }>): Promise<void> {
  const what = `input of task '${plan.task.name}'`
  if (plan.input !== undefined) checkJson(plan.input, what)
  if (plan.takes === 'previous') return
  if (typeof plan.takes === 'object') {
    if (typeof plan.input === 'object' && plan.input !== null && !Array.isArray(plan.input)) return
    throw new TqError('INVALID_OPTION', `${what}: with { from } the rest of the input is an object.`)
  }
  if (!plan.task.input) return
  const inputs = plan.many ? (plan.input as readonly unknown[]) : [plan.input]
  for (const input of inputs) {
    const parsed = parseWith(plan.task.input, input, what)
    if (parsed instanceof Promise) await parsed
  }
}

/** The first task that waits for a value nobody gives; undefined when it can be sent as it is. */
export function missingInput(node: FlowNode): string | undefined {
  switch (node.kind) {
    case 'task':
      return node.takes ? node.task : undefined
    case 'map':
      return node.child.task
    case 'chain':
      return node.steps[0] && missingInput(node.steps[0])
    case 'group':
      return node.children.map(missingInput).find((task) => task !== undefined)
  }
}

/** Whether it can be run without a backend: steps one after the other carry all they need along. */
export function needsBackend(node: FlowNode): boolean {
  if (node.kind === 'group' || node.kind === 'map') return true
  const inside = node.kind === 'chain' ? node.steps : []
  return [...inside, ...(node.onError ?? [])].some(needsBackend)
}
