import { dateTime, distance, duration } from '../lib/format.ts'
import { now } from '../lib/now.ts'

/** An instant as its distance from now; the instant itself on hovering. */
export function Ago({ at }: { readonly at: number | undefined | null }) {
  if (at === undefined || at === null) return <span class="faint">–</span>
  const ms = now.value - at
  const text = distance(ms)
  const words = text === 'now' ? 'now' : ms < 0 ? `in ${text}` : `${text} ago`
  return (
    <time dateTime={new Date(at).toISOString()} title={dateTime(at)}>
      {words}
    </time>
  )
}

/** How long something that began then goes on. */
export function Since({ at }: { readonly at: number }) {
  const ms = Math.max(0, now.value - at)
  return (
    <span title={`since ${dateTime(at)}`}>{duration(ms < 1_000 ? ms : Math.floor(ms / 1_000) * 1_000)}</span>
  )
}
