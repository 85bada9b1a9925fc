import type { Millis } from '../contracts/time.ts'
import type { FlowNode } from '../task/flow.ts'

/** The same, begun so much later. */
export function delayNode(node: FlowNode, delayMs: Millis): FlowNode {
  if (delayMs === 0) return node
  switch (node.kind) {
    case 'task':
      return { ...node, delayMs: (node.delayMs ?? 0) + delayMs }
    case 'group':
      return { ...node, children: node.children.map((child) => delayNode(child, delayMs)) }
    case 'chain': {
      const [first, ...others] = node.steps
      return first ? { ...node, steps: [delayNode(first, delayMs), ...others] } : node
    }
    // Never the first of a workflow: it takes a list from the step before.
    case 'map':
      return node
  }
}
