import type { ScheduleRow } from '../../../src/wire/records.ts'
import { act } from '../data/actions.ts'
import { useLive } from '../data/live.ts'
import { may } from '../data/session.ts'
import { cronWords } from '../lib/cron-words.ts'
import { count, shortDateTime } from '../lib/format.ts'
import { href, pageWith } from '../lib/root.ts'
import { ask } from '../parts/dialog.tsx'
import { Icon } from '../parts/icon.tsx'
import { Empty, Loading } from '../parts/notice.tsx'
import { PageHead } from '../parts/page-head.tsx'
import { StateBadge } from '../parts/state.tsx'
import { Ago } from '../parts/time.tsx'

export function SchedulesPage() {
  const { data: schedules, problem } = useLive<readonly ScheduleRow[]>('schedules')
  return (
    <div class="page">
      <PageHead title="Schedules" problem={problem} stale={schedules !== undefined} />
      {schedules === undefined ? (
        problem ? null : (
          <Loading />
        )
      ) : schedules.length === 0 ? (
        <Empty icon="schedules" title="There is no schedule.">
          Define one in code:{' '}
          <code>
            app.schedule('nightly', crontab({'{ hour: 1, minute: 0 }'}), task.s({'{}'}))
          </code>
          , and run <code>tq beat</code>.
        </Empty>
      ) : (
        <section class="panel">
          <div class="table-box">
            <table class="table cards">
              <thead>
                <tr>
                  <th scope="col">Schedule</th>
                  <th scope="col">When</th>
                  <th scope="col">Sends</th>
                  <th scope="col">Next</th>
                  <th scope="col">Last</th>
                  <th scope="col">
                    <span class="offscreen">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {schedules.map((schedule) => (
                  <Line key={schedule.name} schedule={schedule} />
                ))}
              </tbody>
            </table>
          </div>
          <p class="faint foot-note">
            What a schedule is, its code decides: a deploy brings that back. Pausing is kept here and outlives
            deploys.
          </p>
        </section>
      )}
    </div>
  )
}

const stateTones: Readonly<Record<string, string>> = { active: 'ok', paused: 'warn', orphaned: 'bad' }

function Line({ schedule }: { readonly schedule: ScheduleRow }) {
  const { name, source, state, when, timeZone, sends, next, last, waiting, dropped, missed, overlap } =
    schedule
  const words = cronWords(when)
  const rules = `missed ticks: ${missed} · overlap: ${overlap}`
  return (
    <tr>
      <th scope="row">
        <span class="mono">{name}</span> <span class={`tag ${stateTones[state] ?? ''}`}>{state}</span>
        {source === 'store' ? <span class="tag">made at run time</span> : null}
      </th>
      <td data-label="When" title={rules}>
        {words === undefined ? <span class="mono">{when}</span> : words}
        <div class="faint">
          {words === undefined ? null : <span class="mono">{when.replace('crontab ', '')} · </span>}
          {timeZone}
        </div>
      </td>
      <td data-label="Sends" class="mono">
        {sends}
      </td>
      <td data-label="Next" title={next.map((tick) => shortDateTime(tick, timeZone)).join('\n')}>
        {next[0] === undefined ? (
          <span class="faint">–</span>
        ) : (
          <>
            <Ago at={next[0]} />
            <div class="faint">{shortDateTime(next[0], timeZone)}</div>
          </>
        )}
      </td>
      <td data-label="Last">
        {last ? (
          <>
            <a href={href(pageWith('task', { id: last.id }))}>
              {last.state ? <StateBadge state={last.state} /> : <Ago at={last.sentAt} />}
            </a>
            <div class="faint">
              <Ago at={last.tick} />
              {last.error ? <span class="bad"> {last.error}</span> : null}
            </div>
          </>
        ) : (
          <span class="faint">never</span>
        )}
        {waiting > 0 ? <span class="tag warn">{count(waiting)} to be sent</span> : null}
        {dropped > 0 ? <span class="tag">{count(dropped)} given up</span> : null}
      </td>
      <td class="row-actions">{may('operate') ? <Actions schedule={schedule} /> : null}</td>
    </tr>
  )
}

function Actions({ schedule: { name, state, sends } }: { readonly schedule: ScheduleRow }) {
  const runNow = async () => {
    const sure = await ask({
      title: `Run '${name}' now?`,
      text: `Sends ${sends} once. Its next ticks stay as they are.`,
      action: 'Run now',
    })
    if (sure === undefined) return
    await act('run-schedule', { schedule: name }, `'${name}' was sent`)
  }
  const turn = async (action: 'pause' | 'resume') => {
    await act(
      `${action}-schedule`,
      { schedule: name },
      action === 'pause' ? `'${name}' is paused` : `'${name}' ticks again`,
    )
  }
  return (
    <>
      <button
        type="button"
        class="button small"
        onClick={() => void runNow()}
        aria-label={`Run now: ${name}`}
      >
        <Icon name="play" size={14} /> Run now
      </button>
      {state === 'paused' ? (
        <button
          type="button"
          class="button primary small"
          onClick={() => void turn('resume')}
          aria-label={`Resume ${name}`}
        >
          Resume
        </button>
      ) : (
        <button
          type="button"
          class="button small"
          onClick={() => void turn('pause')}
          aria-label={`Pause ${name}`}
        >
          <Icon name="pause" size={14} /> Pause
        </button>
      )}
    </>
  )
}
