import type { FailedAttempt } from '../../../../src/wire/task.ts'
import { dateTime, duration } from '../../lib/format.ts'
import { Panel } from '../../parts/panel.tsx'
import { Ago } from '../../parts/time.tsx'
import { ErrorText } from './error-text.tsx'
import { LogLines } from './log.tsx'

/** The runs that failed and were retried, the last one first. */
export function Attempts({ attempts }: { readonly attempts: readonly FailedAttempt[] }) {
  if (attempts.length === 0) return null
  return (
    <Panel title="Failed attempts">
      <ol class="attempts">
        {[...attempts].reverse().map((one) => (
          <li key={`${one.attempt} ${one.endedAt}`}>
            <Attempt one={one} />
          </li>
        ))}
      </ol>
    </Panel>
  )
}

function Attempt({
  one: { attempt, startedAt, endedAt, worker, error, logs },
}: {
  readonly one: FailedAttempt
}) {
  return (
    <details>
      <summary>
        <span class="attempt-number">{attempt + 1}</span>
        <span class="bad clip">
          {error.name}: {error.message}
        </span>
        <span class="faint">
          {startedAt === undefined ? '' : `${duration(endedAt - startedAt)} · `}
          <Ago at={endedAt} />
        </span>
      </summary>
      <p class="faint">
        on <span class="mono">{worker}</span>, {dateTime(endedAt)}
      </p>
      <ErrorText error={error} open={false} />
      {logs.length > 0 ? <LogLines lines={logs} /> : null}
    </details>
  )
}
