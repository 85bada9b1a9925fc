import type { FlowNode, FlowOutline } from '../task/flow.ts'

/** In characters of JSON. A workflow with a longer one is shown by the tasks it has become. */
const longest = 8_000

/** What a workflow is made of, for people to see; undefined when that is too much to keep. */
export function outlineOf(node: FlowNode): FlowOutline | undefined {
  const outline = toOutline(node)
  return JSON.stringify(outline).length <= longest ? outline : undefined
}

function toOutline(node: FlowNode): FlowOutline {
  switch (node.kind) {
    case 'task':
      return { task: node.task }
    case 'map':
      return { map: node.child.task }
    case 'chain':
      return { chain: node.steps.map(toOutline) }
    case 'group':
      return { group: inRuns(node.children.map(toOutline)) }
  }
}

/** A thousand times the same task, one after the other in the list, is one entry. */
function inRuns(children: readonly FlowOutline[]): readonly FlowOutline[] {
  const runs: FlowOutline[] = []
  for (const child of children) {
    const last = runs.at(-1)
    const same = last && 'task' in last && 'task' in child && last.task === child.task
    if (same) runs.splice(-1, 1, { task: last.task, times: (last.times ?? 1) + 1 })
    else runs.push(child)
  }
  return runs
}
