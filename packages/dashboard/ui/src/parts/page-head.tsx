import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import type { Problem } from '../../../src/wire/common.ts'
import { CopyButton } from './copy-button.tsx'
import { ProblemNotice } from './notice.tsx'

/** The title of a page, and what goes beside it. */
export function PageHead({
  title,
  id,
  children,
  problem,
  stale,
}: {
  readonly title: string
  /** Of the one thing the page shows. */
  readonly id?: string
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
      {id === undefined ? null : (
        <p class="page-id">
          <span class="mono clip">{id}</span>
          <CopyButton what="id" text={() => id} />
        </p>
      )}
      {problem ? <ProblemNotice problem={problem} stale={stale ?? false} /> : null}
    </>
  )
}
