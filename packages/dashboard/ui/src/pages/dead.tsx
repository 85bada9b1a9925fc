import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import type { Problem } from '../../../src/wire/common.ts'
import type { Overview } from '../../../src/wire/overview.ts'
import type { DeadLetterRow } from '../../../src/wire/records.ts'
import { act } from '../data/actions.ts'
import { get, toProblem } from '../data/api.ts'
import { useLive } from '../data/live.ts'
import { may } from '../data/session.ts'
import { count } from '../lib/format.ts'
import { href, pageWith } from '../lib/root.ts'
import { ask } from '../parts/dialog.tsx'
import { Icon } from '../parts/icon.tsx'
import { Empty, Loading } from '../parts/notice.tsx'
import { PageHead } from '../parts/page-head.tsx'
import { Ago } from '../parts/time.tsx'

const perLook = 200

/** Listing dead letters leases them for a moment: they are read when somebody looks, or their number changes. */
export function DeadPage() {
  const { query, route } = useLocation()
  const { data: overview, problem: overviewProblem } = useLive<Overview>('overview')
  const queues = overview?.queues ?? []
  const withDead = queues.filter(({ dead }) => dead === null || dead > 0)
  const queue = query['queue'] ?? withDead[0]?.name
  const dead = queues.find(({ name }) => name === queue)?.dead ?? null
  const letters = useSignal<readonly DeadLetterRow[] | undefined>(undefined)
  const problem = useSignal<Problem | undefined>(undefined)
  const selected = useSignal<ReadonlySet<string>>(new Set())

  const load = async () => {
    if (queue === undefined) return
    try {
      const found = await get<readonly DeadLetterRow[]>(pageWith('dead', { queue, limit: String(perLook) }))
      letters.value = found
      const ids = new Set(found.map(({ id }) => id))
      selected.value = new Set([...selected.value].filter((id) => ids.has(id)))
      problem.value = undefined
    } catch (error) {
      problem.value = toProblem(error)
    }
  }
  // While they are listed they count twice, for a moment: only another number than the one that was found is news.
  const isNews = letters.value === undefined || (dead !== null && dead !== letters.value.length)
  useEffect(() => {
    if (isNews) void load()
  }, [queue, dead])

  const shown = letters.value ?? []
  // What was found is surer than what was counted meanwhile.
  const howMany = (name: string, counted: number | null) => {
    const found = name === queue && shown.length > 0 && shown.length < perLook ? shown.length : counted
    return found === null ? '?' : count(found)
  }
  const run = async (action: 'retry' | 'drop') => {
    const ids = [...selected.value]
    const all = ids.length === 0
    const many = all ? `all ${howMany(queue ?? '', dead)}` : count(ids.length)
    const sure = await ask({
      title: `${action === 'retry' ? 'Retry' : 'Delete'} ${many} dead ${ids.length === 1 ? 'letter' : 'letters'} of '${queue}'?`,
      text:
        action === 'retry'
          ? 'They go back to their queue as fresh tasks. What has killed them may do so again.'
          : 'They are deleted for good.',
      action: action === 'retry' ? 'Retry' : 'Delete',
      danger: action === 'drop',
      ...(all && action === 'drop' ? { typed: queue ?? '' } : {}),
    })
    if (sure === undefined) return
    const body = { queue, ...(all ? {} : { ids }) }
    if (action === 'retry')
      await act<{ retried: number }>('retry-dead', body, ({ retried }) => `${count(retried)} sent back`)
    else await act<{ dropped: number }>('drop-dead', body, ({ dropped }) => `${count(dropped)} deleted`)
    selected.value = new Set()
    await load()
  }

  const toggle = (id: string) => {
    const next = new Set(selected.value)
    if (!next.delete(id)) next.add(id)
    selected.value = next
  }
  const allShown = shown.length > 0 && shown.every(({ id }) => selected.value.has(id))
  return (
    <div class="page">
      <PageHead
        title="Dead letters"
        problem={problem.value ?? overviewProblem}
        stale={letters.value !== undefined}
      >
        <span class="grow" />
        {shown.length > 0 && may('operate') ? (
          <div class="buttons">
            <button type="button" class="button" onClick={() => void run('retry')}>
              <Icon name="retry" size={14} /> Retry{' '}
              {selected.value.size > 0 ? count(selected.value.size) : 'all'}
            </button>
            {may('admin') ? (
              <button type="button" class="button danger" onClick={() => void run('drop')}>
                <Icon name="trash" size={14} /> Delete{' '}
                {selected.value.size > 0 ? count(selected.value.size) : 'all'}
              </button>
            ) : null}
          </div>
        ) : null}
      </PageHead>
      {queues.length > 0 ? (
        <fieldset class="tabs">
          <legend class="offscreen">Queue</legend>
          {queues.map(({ name, dead: many }) => (
            <button
              key={name}
              type="button"
              aria-pressed={name === queue}
              onClick={() => {
                letters.value = undefined
                route(href(pageWith('dead', { queue: name })))
              }}
            >
              {name}
              <span class="tab-count">{howMany(name, many)}</span>
            </button>
          ))}
        </fieldset>
      ) : null}
      {queue === undefined ? (
        overview ? (
          <Empty icon="check" title="No dead letters." />
        ) : overviewProblem ? null : (
          <Loading />
        )
      ) : letters.value === undefined ? (
        problem.value ? null : (
          <Loading />
        )
      ) : shown.length === 0 ? (
        <Empty icon="check" title={`No dead letters of '${queue}'.`}>
          Here lie messages that were given up: tasks that failed for good, that no worker knows, or that
          cannot be read.
        </Empty>
      ) : (
        <section class="panel">
          <div class="table-box">
            <table class="table cards">
              <thead>
                <tr>
                  <th scope="col">
                    <input
                      type="checkbox"
                      checked={allShown}
                      aria-label="Select all that are shown"
                      onChange={() => {
                        selected.value = allShown ? new Set() : new Set(shown.map(({ id }) => id))
                      }}
                    />
                  </th>
                  <th scope="col">Task</th>
                  <th scope="col">Reason</th>
                  <th scope="col">Error</th>
                  <th scope="col" class="num">
                    Died
                  </th>
                </tr>
              </thead>
              <tbody>
                {shown.map((letter) => (
                  <tr key={letter.id} class={selected.value.has(letter.id) ? 'chosen' : ''}>
                    <td>
                      <input
                        type="checkbox"
                        checked={selected.value.has(letter.id)}
                        aria-label={`Select ${letter.id}`}
                        onChange={() => toggle(letter.id)}
                      />
                    </td>
                    <th scope="row">
                      <a class="mono" href={href(pageWith('task', { id: letter.id }))}>
                        {letter.task ?? '(unreadable)'}
                      </a>
                      <div class="mono faint clip">{letter.id}</div>
                    </th>
                    <td data-label="Reason">
                      <span class="tag">{letter.reason}</span>
                    </td>
                    <td class="broad" data-label="Error">
                      <span class="bad two-lines" title={letter.error}>
                        {letter.error}
                      </span>
                    </td>
                    <td class="num faint" data-label="Died">
                      <Ago at={letter.diedAt} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          {shown.length >= perLook ? <p class="faint foot-note">The oldest {perLook} are shown.</p> : null}
        </section>
      )}
    </div>
  )
}
