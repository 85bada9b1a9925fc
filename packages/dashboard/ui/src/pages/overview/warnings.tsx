import type { Warning } from '../../../../src/wire/overview.ts'
import { href } from '../../lib/root.ts'
import { Icon } from '../../parts/icon.tsx'

/** What needs attention now, and what to do about it. */
export function Warnings({ warnings }: { readonly warnings: readonly Warning[] }) {
  if (warnings.length === 0) return null
  return (
    <section class="warnings" aria-label="What needs attention" aria-live="polite">
      {warnings.map(({ level, text, fix, link }) => (
        <div key={text} class={`warning-line ${level}`}>
          <Icon name="warning" />
          <span>
            {text}
            {fix ? <span class="fix"> {fix}</span> : null}
          </span>
          {link === undefined ? null : (
            <a href={href(link)} aria-label={`Show: ${text}`}>
              Show
            </a>
          )}
        </div>
      ))}
    </section>
  )
}
