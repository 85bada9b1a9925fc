import type { LogLine } from '../../../../src/wire/task.ts'
import { inline, timeOfDay } from '../../lib/format.ts'
import { Panel } from '../../parts/panel.tsx'

/** What the last run logged. */
export function LastLog({
  lines,
  dropped,
}: {
  readonly lines: readonly LogLine[]
  readonly dropped: number
}) {
  if (lines.length === 0) return null
  return (
    <Panel title="Log of the last run">
      {dropped > 0 ? <p class="faint">{dropped} earlier lines were not kept.</p> : null}
      <LogLines lines={lines} />
    </Panel>
  )
}

export function LogLines({ lines }: { readonly lines: readonly LogLine[] }) {
  return (
    <ol class="log">
      {lines.map((line, at) => (
        <li key={at} class={`log-${line.level}`}>
          <time dateTime={new Date(line.at).toISOString()}>{timeOfDay(line.at)}</time>
          <span class="log-level">{line.level}</span>
          <span class="log-text">
            {line.text}
            {line.fields === undefined ? null : <span class="faint"> {inline(line.fields)}</span>}
          </span>
        </li>
      ))}
    </ol>
  )
}
