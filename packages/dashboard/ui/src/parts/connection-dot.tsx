import { connection, connectionProblem } from '../data/live.ts'

const words = {
  live: 'Live',
  connecting: 'Connecting',
  lost: 'Connection lost, trying again',
  paused: 'Paused while the tab is hidden',
} as const

/** Whether what is shown is what is. */
export function ConnectionDot() {
  const state = connection.value
  const why = connectionProblem.value
  const text = state === 'lost' && why ? `${words.lost}: ${why.message}` : words[state]
  return (
    <span class={`connection ${state}`} role="status" title={text}>
      <span class="connection-dot" aria-hidden="true" />
      <span class={state === 'lost' ? '' : 'offscreen'}>{state === 'lost' ? 'offline' : text}</span>
    </span>
  )
}
