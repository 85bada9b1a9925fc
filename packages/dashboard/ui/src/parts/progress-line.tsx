import type { TaskRow } from '../../../src/wire/task.ts'

/** How far a running task says it is. */
export function ProgressLine({
  progress: { fraction, message },
  large,
}: {
  readonly progress: NonNullable<TaskRow['progress']>
  readonly large?: boolean
}) {
  return (
    <span class={large ? 'progress-line large' : 'progress-line'}>
      <progress value={fraction} max={1} aria-label="Progress" />
      <span class={large ? '' : 'clip'}>
        {Math.round(fraction * 100)} %{message ? ` · ${message}` : ''}
      </span>
    </span>
  )
}
