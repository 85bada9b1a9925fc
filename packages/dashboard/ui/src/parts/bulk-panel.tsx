import { signal } from '@preact/signals'
import type { BulkJob } from '../../../src/wire/records.ts'
import { act } from '../data/actions.ts'
import { useLive } from '../data/live.ts'
import { count } from '../lib/format.ts'
import { Icon } from './icon.tsx'
import { Meter } from './spark.tsx'

/** The action on many tasks that this tab started last. */
const followed = signal<string | undefined>(undefined)

export function followBulk(id: string): void {
  followed.value = id
}

const ends = { complete: 'Done', stopped: 'Stopped', failed: 'Broke off', running: '' } as const

/** How far it is. It goes on when the page is closed. */
export function BulkPanel() {
  const id = followed.value
  const { data: job, problem } = useLive<BulkJob>(id === undefined ? null : `bulk-job?id=${id}`)
  if (id === undefined || !(job || problem)) return null
  const close = () => {
    followed.value = undefined
  }
  if (!job) return null
  const { action, state, done, refused, total, what } = job
  const seen = done + refused
  const verb = action === 'retry' ? 'retried' : 'revoked'
  const most = state === 'running' ? Math.max(total ?? 0, seen) : seen
  return (
    <section class="bulk" aria-label="Action on many tasks">
      <div class="bulk-head">
        <strong role="status">
          {ends[state]} {count(done)}
          {state === 'running' && total !== null ? ` of about ${count(Math.max(total, seen))}` : ''} {verb}
        </strong>
        {state === 'running' ? (
          <button
            type="button"
            class="button small"
            onClick={() => void act('stop-bulk', { id }, 'Stopping')}
          >
            Stop
          </button>
        ) : (
          <button type="button" class="button quiet small" aria-label="Close" onClick={close}>
            <Icon name="close" size={14} />
          </button>
        )}
      </div>
      <Meter
        value={seen}
        most={most}
        label={`${seen} of ${most}`}
        tone={state === 'failed' ? 'bad' : state === 'complete' ? 'ok' : 'accent'}
      />
      <p class="faint">
        {refused > 0 ? `${count(refused)} were in no state for it. ` : ''}
        {job.problem ? job.problem.message : what}
      </p>
    </section>
  )
}
