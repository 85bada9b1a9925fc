import { useSignal } from '@preact/signals'
import type { Page } from '../../../src/wire/common.ts'
import type { WorkflowRow } from '../../../src/wire/workflow.ts'
import { get } from '../data/api.ts'
import { useLive } from '../data/live.ts'
import { count, duration } from '../lib/format.ts'
import { href, pageWith } from '../lib/root.ts'
import { Empty, Loading } from '../parts/notice.tsx'
import { PageHead } from '../parts/page-head.tsx'
import { Meter } from '../parts/spark.tsx'
import { StateBadge } from '../parts/state.tsx'
import { Ago } from '../parts/time.tsx'

export function WorkflowsPage() {
  const { data: page, problem } = useLive<Page<WorkflowRow>>('workflows')
  const later = useSignal<Page<WorkflowRow> | undefined>(undefined)
  const more = async (cursor: string) => {
    const next = await get<Page<WorkflowRow>>(`workflows?cursor=${encodeURIComponent(cursor)}`)
    later.value = { items: [...(later.value?.items ?? []), ...next.items], next: next.next }
  }
  const items = [...(page?.items ?? []), ...(later.value?.items ?? [])]
  const next = (later.value ?? page)?.next
  return (
    <div class="page">
      <PageHead title="Workflows" problem={problem} stale={page !== undefined} />
      {page === undefined ? (
        problem ? null : (
          <Loading />
        )
      ) : items.length === 0 ? (
        <Empty icon="workflows" title="No workflow is known.">
          <code>chain(one.s(), two.s()).applyAsync()</code> sends one.
        </Empty>
      ) : (
        <section class="panel">
          <div class="table-box">
            <table class="table cards">
              <thead>
                <tr>
                  <th scope="col">Workflow</th>
                  <th scope="col">State</th>
                  <th scope="col" class="wide">
                    Progress
                  </th>
                  <th scope="col">Error</th>
                  <th scope="col" class="num">
                    Time
                  </th>
                  <th scope="col" class="num">
                    Sent
                  </th>
                </tr>
              </thead>
              <tbody>
                {items.map((workflow) => (
                  <Line key={workflow.id} workflow={workflow} />
                ))}
              </tbody>
            </table>
          </div>
          {next ? (
            <button type="button" class="button" onClick={() => void more(next)}>
              Earlier ones
            </button>
          ) : null}
        </section>
      )}
    </div>
  )
}

function Line({ workflow }: { readonly workflow: WorkflowRow }) {
  const { id, shape, state, done, total, error, sentAt, endedAt } = workflow
  return (
    <tr>
      <th scope="row">
        <a class="two-lines" href={href(pageWith('workflow', { id }))}>
          {shape || id}
        </a>
        <div class="mono faint">{id}</div>
      </th>
      <td data-label="State">
        <StateBadge state={state} />
      </td>
      <td class="wide" data-label="Progress">
        {state === 'STARTED' ? (
          <>
            <Meter value={done} most={total} label={`${done} of ${total}`} />
            <span class="faint">
              {count(done)} of {count(total)}
            </span>
          </>
        ) : null}
      </td>
      <td class="broad" data-label="Error">
        {error ? (
          <span class="bad clip two-lines">
            {error.name}: {error.message}
          </span>
        ) : null}
      </td>
      <td class="num" data-label="Time">
        {sentAt !== undefined && endedAt !== undefined ? duration(endedAt - sentAt) : ''}
      </td>
      <td class="num faint" data-label="Sent">
        <Ago at={sentAt} />
      </td>
    </tr>
  )
}
