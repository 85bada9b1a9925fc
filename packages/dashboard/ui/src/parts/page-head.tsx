import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import type { Problem } from '../../../src/wire/common.ts'
import { ProblemNotice } from './notice.tsx'

/** The title of a page, and what goes beside it. */
export function PageHead({
  title,
  children,
  problem,
  stale,
}: {
  readonly title: string
  readonly children?: ComponentChildren
  readonly problem?: Problem | undefined
  readonly stale?: boolean
}) {
  useEffect(() => {
    document.title = `${title} · tq`
  }, [title])
  return (
    <>
      <div class="page-head">
        <h1>{title}</h1>
        {children}
      </div>
      {problem ? <ProblemNotice problem={problem} stale={stale ?? false} /> : null}
    </>
  )
}
