import type { Reason } from '../../../../src/wire/task.ts'
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
            {text}
            {fix ? <span class="fix"> {fix}</span> : null}
          </p>
        ))}
      </div>
    </section>
  )
}
