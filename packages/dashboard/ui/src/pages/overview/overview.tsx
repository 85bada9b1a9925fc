import { useSignal } from '@preact/signals'
import type { Activity, Overview } from '../../../../src/wire/overview.ts'
import { useLive } from '../../data/live.ts'
import { Loading } from '../../parts/notice.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { Panel } from '../../parts/panel.tsx'
import { QueueTable } from '../../parts/queue-table.tsx'
import { RateLimits } from './rate-limits.tsx'
import { TaskPanels } from './task-panels.tsx'
import { Tiles } from './tiles.tsx'
import { Warnings } from './warnings.tsx'

const spans = ['15m', '1h', '24h', '7d'] as const
type Span = (typeof spans)[number]

export function OverviewPage() {
  const last = useSignal<Span>('1h')
  const { data: overview, problem } = useLive<Overview>('overview')
  const { data: activity, problem: activityProblem } = useLive<Activity>(`activity?last=${last.value}`)
  return (
    <div class="page">
      <PageHead title="Overview" problem={problem ?? activityProblem} stale={overview !== undefined}>
        <Spans
          chosen={last.value}
          choose={(span) => {
            last.value = span
          }}
        />
      </PageHead>
      {overview ? <Warnings warnings={overview.warnings} /> : null}
      {overview ? <Tiles overview={overview} activity={activity} /> : problem ? null : <Loading />}
      {activity ? <TaskPanels activity={activity} /> : null}
      <RateLimits />
      {overview ? (
        <Panel title="Queues">
          <QueueTable queues={overview.queues} />
        </Panel>
      ) : null}
    </div>
  )
}

function Spans({ chosen, choose }: { readonly chosen: Span; readonly choose: (span: Span) => void }) {
  return (
    <fieldset class="segments">
      <legend class="offscreen">Time span</legend>
      {spans.map((span) => (
        <button key={span} type="button" aria-pressed={chosen === span} onClick={() => choose(span)}>
          {span}
        </button>
      ))}
    </fieldset>
  )
}
