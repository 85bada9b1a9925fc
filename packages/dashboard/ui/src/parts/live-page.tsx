import type { ComponentChildren } from 'preact'
import type { Live } from '../data/live.ts'
import { Loading } from './notice.tsx'
import { PageHead } from './page-head.tsx'

interface LivePageProps<T> {
  readonly title: string
  /** Of the one thing the page shows. */
  readonly id?: string
  readonly live: Live<T>
  /** Beside the title, once there is something. */
  readonly aside?: (data: T) => ComponentChildren
  /** Where to go when there is nothing to show. */
  readonly otherwise?: ComponentChildren
  readonly children: (data: T) => ComponentChildren
}

/** A page whose matter is one thing that is looked at: what is wrong with it, that it is loading, or itself. */
export function LivePage<T>({ title, id, live, aside, otherwise, children }: LivePageProps<T>) {
  const { data, problem } = live
  const known = data !== undefined
  return (
    <div class="page">
      <PageHead title={title} {...(known && id !== undefined ? { id } : {})} problem={problem} stale={known}>
        {known ? aside?.(data) : null}
      </PageHead>
      {known ? children(data) : problem ? otherwise : <Loading />}
    </div>
  )
}
