import type { ComponentChildren } from 'preact'
import type { Problem } from '../../../src/wire/common.ts'
import { Icon, type IconName } from './icon.tsx'

/** Why something cannot be shown, and what to do. */
export function ProblemNotice({ problem, stale }: { readonly problem: Problem; readonly stale?: boolean }) {
  return (
    <div class="notice bad" role="alert">
      <Icon name="warning" />
      <div>
        <p class="notice-title">{problem.message}</p>
        {problem.fix ? <p>{problem.fix}</p> : null}
        {stale ? <p class="faint">Shown is what was known before.</p> : null}
      </div>
    </div>
  )
}

/** There is nothing, and that is fine; or what to do about it. */
export function Empty({
  icon,
  title,
  children,
}: {
  readonly icon: IconName
  readonly title: string
  readonly children?: ComponentChildren
}) {
  return (
    <div class="empty">
      <Icon name={icon} size={28} />
      <p class="empty-title">{title}</p>
      {children ? <div class="empty-text">{children}</div> : null}
    </div>
  )
}

export function Loading() {
  return (
    <div class="loading" role="status">
      <span class="offscreen">Loading</span>
      <span class="bar" />
      <span class="bar" />
      <span class="bar" />
    </div>
  )
}
