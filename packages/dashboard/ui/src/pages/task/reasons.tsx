import type { Reason } from '../../../../src/wire/task.ts'
import { dateTime } from '../../lib/format.ts'
import { Icon } from '../../parts/icon.tsx'

const titles = { blocks: 'It does not run', waits: 'It waits', fine: 'All is well' } as const
const tones = { blocks: 'bad', waits: 'warn', fine: 'info' } as const

/** Why it is not running, and what to do about it. */
export function Reasons({ reasons }: { readonly reasons: readonly Reason[] }) {
  const [first] = reasons
  if (!first) return null
  return (
    <section class={`notice ${tones[first.kind]}`} aria-label="Why is it not running?">
      <Icon name={first.kind === 'fine' ? 'info' : 'warning'} />
      <div>
        <p class="notice-title">{titles[first.kind]}</p>
        {reasons.map(({ text, fix }) => (
          <p key={text}>
            {withTimes(text)}
            {fix ? <span class="fix"> {fix}</span> : null}
          </p>
        ))}
      </div>
    </section>
  )
}

const instant = /(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)/

/** Times of the server as the clocks here show them, like those beside it. */
function withTimes(text: string) {
  return text.split(instant).map((part, at) =>
    at % 2 === 0 ? (
      part
    ) : (
      <time key={at} dateTime={part} title={part}>
        {dateTime(Date.parse(part))}
      </time>
    ),
  )
}
