import { useSignal } from '@preact/signals'
import { useLocation } from 'preact-iso'
import type { TaskForm } from '../../../../src/wire/task.ts'
import { act } from '../../data/actions.ts'
import { priorities } from '../../lib/priorities.ts'
import { href, pageWith } from '../../lib/root.ts'
import { Icon } from '../../parts/icon.tsx'
import { InputFields } from './input-fields.tsx'
import { useTypedInput } from './typed-input.ts'

interface RunFormProps {
  readonly form: TaskForm
  /** Queues that are known, to choose from. */
  readonly queues: readonly string[]
}

/** How a task is sent beside its input, as typed. */
const asUsual = { queue: '', countdown: '', priority: '' }

/** Sends a task, and goes to its page. */
export function RunForm({ form, queues }: RunFormProps) {
  const { route } = useLocation()
  const typed = useTypedInput(form)
  const sending = useSignal(asUsual)
  const busy = useSignal(false)
  const submit = async (event: Event) => {
    event.preventDefault()
    const read = typed.read()
    if (!read || busy.value) return
    busy.value = true
    const { queue, countdown, priority } = sending.value
    const sent = await act<{ id: string }>(
      'run-task',
      {
        task: form.name,
        ...(read.input === undefined ? {} : { input: read.input }),
        // Where this dashboard does not know the task, nobody else tells its queue.
        queue: queue.trim() || (form.checked ? '' : (form.queue ?? '')),
        countdown: countdown.trim(),
        ...(priority === '' ? {} : { priority: Number(priority) }),
      },
      `${form.name} was sent`,
    )
    busy.value = false
    if (sent) route(href(pageWith('task', { id: sent.id })))
  }
  return (
    <form onSubmit={(event) => void submit(event)} noValidate>
      <InputFields typed={typed} checked={form.checked} />
      <SendingFields
        sending={sending.value}
        ownQueue={form.queue}
        queues={queues}
        change={(changes) => {
          sending.value = { ...sending.value, ...changes }
        }}
      />
      <div class="dialog-buttons">
        {form.schema === null ? null : (
          <button type="button" class="button quiet" onClick={typed.turn}>
            {typed.asJson ? 'As a form' : 'As JSON'}
          </button>
        )}
        <span class="grow" />
        <button type="submit" class="button primary" disabled={busy.value}>
          <Icon name="play" size={14} /> Run
        </button>
      </div>
    </form>
  )
}

function SendingFields({
  sending: { queue, countdown, priority },
  ownQueue,
  queues,
  change,
}: {
  readonly sending: typeof asUsual
  readonly ownQueue: string | null
  readonly queues: readonly string[]
  readonly change: (changes: Partial<typeof asUsual>) => void
}) {
  return (
    <div class="field-row">
      <label class="field">
        <span>Queue</span>
        <input
          value={queue}
          placeholder={ownQueue ?? 'its own'}
          list="queues"
          autocomplete="off"
          onInput={(event) => change({ queue: event.currentTarget.value })}
        />
        <datalist id="queues">
          {queues.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
      </label>
      <label class="field">
        <span>Not before</span>
        <input
          value={countdown}
          placeholder="now, or 10m"
          autocomplete="off"
          onInput={(event) => change({ countdown: event.currentTarget.value })}
        />
      </label>
      <label class="field">
        <span>Priority</span>
        <select value={priority} onChange={(event) => change({ priority: event.currentTarget.value })}>
          <option value="">its own</option>
          {priorities.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      </label>
    </div>
  )
}
