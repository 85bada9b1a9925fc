import type { ScheduleRow } from '../../../../src/wire/records.ts'
import { act } from '../../data/actions.ts'
import { may } from '../../data/session.ts'
import { ActionButton } from '../../parts/action-button.tsx'
import { ask } from '../../parts/dialog.tsx'

/** What can be done with a schedule. */
export function ScheduleActions({ schedule: { name, state, sends } }: { readonly schedule: ScheduleRow }) {
  if (!may('operate')) return null
  const runNow = async () => {
    const sure = await ask({
      title: `Run '${name}' now?`,
      text: `Sends ${sends} once. Its next ticks stay as they are.`,
      action: 'Run now',
    })
    if (sure === undefined) return
    await act('run-schedule', { schedule: name }, `'${name}' was sent`)
  }
  const pause = () => act('pause-schedule', { schedule: name }, `'${name}' is paused`)
  const resume = () => act('resume-schedule', { schedule: name }, `'${name}' ticks again`)
  return (
    <>
      <ActionButton run={runNow} icon="play" small label={`Run now: ${name}`}>
        Run now
      </ActionButton>
      {state === 'paused' ? (
        <ActionButton run={resume} tone="primary" small label={`Resume ${name}`}>
          Resume
        </ActionButton>
      ) : (
        <ActionButton run={pause} icon="pause" small label={`Pause ${name}`}>
          Pause
        </ActionButton>
      )}
    </>
  )
}
