import type { FlowOutline, TaskSummary } from '@tq/core'
import type { GraphNode } from '../wire/workflow.ts'

/** Of a wide group, so many are drawn: those first that have not gone well. */
const mostDrawn = 24

type Tasks = ReadonlyMap<string, TaskSummary>

/** The outline of a workflow, filled with the tasks it has become so far. */
export function buildGraph(
  root: string,
  outline: FlowOutline | undefined,
  all: readonly TaskSummary[],
): { readonly graph: GraphNode | null; readonly callbacks: readonly GraphNode[] } {
  const own = all.filter(({ id }) => id.startsWith(`${root}.`) && !id.includes('!'))
  const tasks: Tasks = new Map(own.map((task) => [task.id, task]))
  const callbacks = all.filter(({ id }) => id.includes('!')).map((task) => toTask(task.id, task.name, task))
  if (!outline) return { graph: fromIds(root, tasks), callbacks }
  return { graph: fill(outline, 'task' in outline ? `${root}.0` : root, tasks), callbacks }
}

/** Beyond this many parts only their number is told. */
const mostParts = 4

/** `order.check → (order.pay, 3 × order.pack) → order.ship` */
export function describeOutline(outline: FlowOutline): string {
  if ('task' in outline) return outline.times ? `${outline.times} × ${outline.task}` : outline.task
  if ('map' in outline) return `${outline.map} for each`
  const parts = 'chain' in outline ? outline.chain : outline.group
  const shown = parts.slice(0, mostParts).map(describeOutline)
  const all = parts.length > mostParts ? [...shown, `${parts.length - mostParts} more`] : shown
  return 'chain' in outline ? all.join(' → ') : `(${all.join(', ')})`
}

function fill(outline: FlowOutline, id: string, tasks: Tasks): GraphNode {
  if ('task' in outline) return toTask(id, outline.task, tasks.get(id))
  if ('chain' in outline)
    return { kind: 'chain', id, steps: outline.chain.map((step, at) => fill(step, `${id}.${at}`, tasks)) }
  if ('map' in outline) return toGroup(id, childrenOf(id, tasks))
  const children: GraphNode[] = []
  for (const child of outline.group) {
    const times = 'task' in child ? (child.times ?? 1) : 1
    for (let count = 0; count < times; count++) children.push(fill(child, `${id}.${children.length}`, tasks))
  }
  return toGroup(id, children)
}

/** A map's children are known once the list is. */
function childrenOf(id: string, tasks: Tasks): readonly GraphNode[] {
  const prefix = `${id}.`
  const found = [...tasks.values()].filter(
    (task) => task.id.startsWith(prefix) && !task.id.includes('.', prefix.length),
  )
  return found
    .sort((one, other) => numberOf(one.id) - numberOf(other.id))
    .map((task) => toTask(task.id, task.name, task))
}

function toGroup(id: string, children: readonly GraphNode[]): GraphNode {
  const done = children.filter((child) => hasEnded(child)).length
  const order =
    children.length > mostDrawn ? [...children].sort((one, other) => urgency(one) - urgency(other)) : children
  const drawn = new Set(order.slice(0, mostDrawn))
  return {
    kind: 'group',
    id,
    children: children.filter((child) => drawn.has(child)),
    done,
    total: children.length,
  }
}

function toTask(id: string, name: string, task: TaskSummary | undefined): GraphNode {
  if (!task) return { kind: 'task', id, name, state: null, canRetry: false }
  const { state, runtimeMs, startedAt, error, canRetry } = task
  return {
    kind: 'task',
    id,
    name,
    state,
    ...(runtimeMs === undefined ? {} : { runtimeMs }),
    ...(startedAt ? { startedAt: startedAt.getTime() } : {}),
    ...(error ? { error: `${error.name}: ${error.message}` } : {}),
    canRetry,
  }
}

/** Without an outline (it was too long, or an older version wrote it): the tasks by their ids, in the order they were sent. */
function fromIds(root: string, tasks: Tasks): GraphNode | null {
  const nodes = [...tasks.values()].map((task) => toTask(task.id, task.name, task))
  return nodes.length === 0 ? null : toGroup(root, nodes)
}

function hasEnded(node: GraphNode): boolean {
  if (node.kind === 'task')
    return node.state === 'SUCCESS' || node.state === 'FAILURE' || node.state === 'REVOKED'
  if (node.kind === 'chain') return node.steps.every(hasEnded)
  return node.total > 0 && node.done === node.total
}

/** The smaller, the sooner it is shown. */
function urgency(node: GraphNode): number {
  if (node.kind !== 'task') return 1
  const order = ['FAILURE', 'REVOKED', 'RETRY', 'STARTED', 'PENDING']
  const at = node.state === null ? -1 : order.indexOf(node.state)
  return at < 0 ? order.length : at
}

function numberOf(id: string): number {
  return Number(id.slice(id.lastIndexOf('.') + 1))
}
