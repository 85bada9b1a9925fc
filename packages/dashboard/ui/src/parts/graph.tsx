import type { GraphNode } from '../../../src/wire/workflow.ts'
import { act } from '../data/actions.ts'
import { may } from '../data/session.ts'
import { count, duration } from '../lib/format.ts'
import { href, pageWith } from '../lib/root.ts'
import { Icon } from './icon.tsx'
import { StateMark, stateNames } from './state.tsx'
import { Since } from './time.tsx'

/**
 * Steps from left to right, those side by side below each other. Lists in lists: the layout is the style sheet's, and who
 * cannot see it hears the order.
 */
export function Graph({ node }: { readonly node: GraphNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard
    <section class="graph" aria-label="Graph of the workflow" tabIndex={0}>
      <GraphPart node={node} />
    </section>
  )
}

function GraphPart({ node }: { readonly node: GraphNode }) {
  if (node.kind === 'task') return <GraphTask node={node} />
  if (node.kind === 'chain') {
    return (
      <ol class="graph-chain">
        {node.steps.map((step) => (
          <li key={step.id}>
            <GraphPart node={step} />
          </li>
        ))}
      </ol>
    )
  }
  const { children, done, total } = node
  const left = total - children.length
  return (
    <div class="graph-group">
      <p class="graph-group-head">
        <span>side by side</span>
        <span class={done === total && total > 0 ? 'ok' : ''}>
          {count(done)} of {count(total)}
        </span>
      </p>
      <ul>
        {children.map((child) => (
          <li key={child.id}>
            <GraphPart node={child} />
          </li>
        ))}
      </ul>
      {left > 0 ? <p class="faint graph-more">and {count(left)} more</p> : null}
      {total === 0 ? <p class="faint graph-more">known when the step before has ended</p> : null}
    </div>
  )
}

type TaskNode = Extract<GraphNode, { kind: 'task' }>

export function GraphTask({ node }: { readonly node: TaskNode }) {
  const { id, name, state, runtimeMs, startedAt, error, canRetry } = node
  const said = state === null ? 'not sent yet' : stateNames[state]
  const inside = (
    <>
      {state === null ? <span class="graph-dot" aria-hidden="true" /> : <StateMark state={state} />}
      <span class="graph-name mono clip">{name}</span>
      <span class="graph-time">
        {runtimeMs !== undefined ? (
          duration(runtimeMs)
        ) : state === 'STARTED' && startedAt !== undefined ? (
          <Since at={startedAt} />
        ) : (
          ''
        )}
      </span>
      <span class="offscreen">{said}</span>
    </>
  )
  const title = `${name}\n${said}${error ? `\n${error}` : ''}\n${id}`
  if (state === null) {
    return (
      <span class="graph-task future" title={title}>
        {inside}
      </span>
    )
  }
  const link = (
    <a class={`graph-task is-${state}`} href={href(pageWith('task', { id }))} title={title}>
      {inside}
    </a>
  )
  if (!canRetry || !may('operate')) return link
  return (
    <span class="graph-node">
      {link}
      <button
        type="button"
        class="button small"
        aria-label={`Run ${name} again`}
        title="Run it again: the workflow goes on from here"
        onClick={() =>
          void act('retry-task', { id }, `${name} runs again, and the workflow goes on from there`)
        }
      >
        <Icon name="retry" size={14} />
      </button>
    </span>
  )
}
