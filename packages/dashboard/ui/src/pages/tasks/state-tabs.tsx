import type { Census } from '../../../../src/wire/task.ts'
import { count } from '../../lib/format.ts'
import { StateMark, stateNames, states } from '../../parts/state.tsx'

interface StateTabsProps {
  readonly chosen: string | undefined
  readonly census: Census | undefined
  readonly choose: (state: string | undefined) => void
}

/** The states with how many there are of each. */
export function StateTabs({ chosen, census, choose }: StateTabsProps) {
  const all = census && states.reduce((sum, state) => sum + census.states[state], 0)
  const more = census && !census.complete ? '+' : ''
  return (
    <fieldset class="tabs">
      <legend class="offscreen">State</legend>
      <button type="button" aria-pressed={chosen === undefined} onClick={() => choose(undefined)}>
        All{' '}
        {all === undefined ? null : (
          <span class="tab-count">
            {count(all)}
            {more}
          </span>
        )}
      </button>
      {states.map((state) => (
        <button
          key={state}
          type="button"
          aria-pressed={chosen === state}
          onClick={() => choose(chosen === state ? undefined : state)}
        >
          <StateMark state={state} />
          {stateNames[state]}
          {census ? (
            <span class="tab-count">
              {count(census.states[state])}
              {more}
            </span>
          ) : null}
        </button>
      ))}
    </fieldset>
  )
}
