import type { TaskDetail } from '../../../../src/wire/task.ts'
import { act, refusalOf } from '../../data/actions.ts'
import { session } from '../../data/session.ts'
import { momentWords, parseMoment } from '../../lib/moment.ts'
import { now } from '../../lib/now.ts'
import { priorities } from '../../lib/priorities.ts'
import { ActionButton } from '../../parts/action-button.tsx'
import { ask } from '../../parts/dialog.tsx'

/** What can be done with a task that waits in its queue, or that the broker cannot do it. */
export function QueuedActions({ task: { id, name, state, dueAt } }: { readonly task: TaskDetail }) {
  if (session.value?.changesQueued === false) {
    const { broker } = session.value
    return <span class="faint">{broker} cannot change a task that waits: revoke it and send it anew.</span>
  }
  const isPutOff = state === 'RETRY' || (dueAt !== undefined && dueAt > now.value)
  const promote = () => act('promote-task', { id }, `${name} may run at once`)
  const reschedule = () =>
    ask({
      title: `When is ${name} to run?`,
      text: 'Not before then; as soon as a worker is free, if it has to wait in line.',
      action: 'Reschedule',
      field: {
        label: 'When',
        placeholder: '10m',
        required: true,
        hint: (text) => momentWords(text, now.value),
        check: (text) =>
          parseMoment(text, now.value) ? undefined : `Not understood. ${momentWords('', now.value)}`,
      },
      send: (text) => {
        const { moment } = parseMoment(text, now.value) ?? {}
        return refusalOf('reschedule-task', { id, ...moment }, `${name} is rescheduled`)
      },
    })
  const prioritize = () =>
    ask({
      title: `Priority of ${name}`,
      text: 'Tasks of a higher priority are taken first, as far as the broker tells priorities apart. Its retries keep it.',
      action: 'Set',
      field: { label: 'Priority', choices: priorities, required: true },
      send: (level) =>
        refusalOf('set-priority', { id, priority: Number(level) }, `${name} has priority ${level}`),
    })
  return (
    <>
      {isPutOff ? (
        <ActionButton run={promote} icon="play" tone="primary">
          Run now
        </ActionButton>
      ) : null}
      <ActionButton run={reschedule} icon="schedules">
        Reschedule…
      </ActionButton>
      <ActionButton run={prioritize} icon="order">
        Priority…
      </ActionButton>
    </>
  )
}
