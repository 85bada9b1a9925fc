import { useLocation } from 'preact-iso'
import type { Overview } from '../../../../src/wire/overview.ts'
import { useLive } from '../../data/live.ts'
import { useSelection } from '../../data/selection.ts'
import { may } from '../../data/session.ts'
import { count } from '../../lib/format.ts'
import { href, pageWith } from '../../lib/root.ts'
import { Empty, Loading } from '../../parts/notice.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { Panel } from '../../parts/panel.tsx'
import { LetterActions } from './letter-actions.tsx'
import { LetterTable } from './letter-table.tsx'
import { perLook, useLetters } from './letters.ts'

/** What was given up, queue by queue. */
export function DeadPage() {
  const { query, route } = useLocation()
  const { data: overview, problem: overviewProblem } = useLive<Overview>('overview')
  const queues = overview?.queues ?? []
  const queue = query['queue'] ?? queues.find(({ dead }) => dead === null || dead > 0)?.name
  const counted = queues.find(({ name }) => name === queue)?.dead ?? null
  const selection = useSelection()
  const { letters, problem, load, forget } = useLetters(queue, counted, selection)
  const shown = letters ?? []
  // What was found is surer than what was counted meanwhile.
  const howMany = (name: string, dead: number | null) => {
    const found = name === queue && shown.length > 0 && shown.length < perLook ? shown.length : dead
    return found === null ? '?' : count(found)
  }
  return (
    <div class="page">
      <PageHead title="Dead letters" problem={problem ?? overviewProblem} stale={letters !== undefined}>
        <span class="grow" />
        {queue !== undefined && shown.length > 0 && may('operate') ? (
          <LetterActions queue={queue} many={howMany(queue, counted)} selection={selection} done={load} />
        ) : null}
      </PageHead>
      {queues.length > 0 ? (
        <fieldset class="tabs">
          <legend class="offscreen">Queue</legend>
          {queues.map(({ name, dead }) => (
            <button
              key={name}
              type="button"
              aria-pressed={name === queue}
              onClick={() => {
                forget()
                route(href(pageWith('dead', { queue: name })))
              }}
            >
              {name}
              <span class="tab-count">{howMany(name, dead)}</span>
            </button>
          ))}
        </fieldset>
      ) : null}
      {letters === undefined || queue === undefined ? (
        <NotYet
          known={overview !== undefined}
          queue={queue}
          failed={(problem ?? overviewProblem) !== undefined}
        />
      ) : letters.length === 0 ? (
        <Empty icon="check" title={`No dead letters of '${queue}'.`}>
          Here lie messages that were given up: tasks that failed for good, that no worker knows, or that
          cannot be read.
        </Empty>
      ) : (
        <Panel>
          <LetterTable letters={letters} selection={selection} />
          {letters.length >= perLook ? <p class="faint foot-note">The oldest {perLook} are shown.</p> : null}
        </Panel>
      )}
    </div>
  )
}

function NotYet({
  known,
  queue,
  failed,
}: {
  readonly known: boolean
  readonly queue: string | undefined
  readonly failed: boolean
}) {
  if (known && queue === undefined) return <Empty icon="check" title="No dead letters." />
  return failed ? null : <Loading />
}
