import type { StateChange, TaskDetail } from '../../../src/wire/task.ts'
import { dateTime, duration, timeOfDay } from '../lib/format.ts'
import { StateMark } from './state.tsx'

const words: Readonly<Record<StateChange['state'], string>> = {
  PENDING: 'Sent',
  STARTED: 'Started',
  RETRY: 'Failed, retrying',
  SUCCESS: 'Succeeded',
  FAILURE: 'Failed',
  REVOKED: 'Revoked',
}

/** The states a task was in, one below the other, with the time between them. */
export function Timeline({ task }: { readonly task: TaskDetail }) {
  const { timeline } = task
  return (
    <ol class="timeline">
      {timeline.map((change, at) => {
        const before = timeline[at - 1]
        const passed = before ? change.at - before.at : undefined
        return (
          <li key={`${change.state} ${change.at} ${change.attempt}`}>
            <StateMark state={change.state} />
            <div>
              <span class="timeline-state">{words[change.state]}</span>
              {change.attempt > 0 || change.state === 'RETRY' ? (
                <span class="faint"> · attempt {change.attempt + 1}</span>
              ) : null}
              <div class="faint">
                <time dateTime={new Date(change.at).toISOString()} title={dateTime(change.at)}>
                  {timeOfDay(change.at)}
                </time>
                {change.worker ? (
                  <>
                    {' · '}
                    <span class="mono">{change.worker}</span>
                  </>
                ) : null}
              </div>
            </div>
            {passed !== undefined && passed >= 0 ? (
              <span class="timeline-passed">+{duration(passed)}</span>
            ) : null}
          </li>
        )
      })}
    </ol>
  )
}
