import { useSignal } from '@preact/signals'
import { CopyButton } from './copy-button.tsx'

const mostEntries = 100
const openLevels = 2
const longText = 400

/** A value as a tree that can be folded. Text only, whatever it holds. */
export function JsonView({ value, what }: { readonly value: unknown; readonly what: string }) {
  return (
    <div class="json">
      <div class="json-copy">
        <CopyButton text={() => JSON.stringify(value, null, 2)} what={what} />
      </div>
      <Node value={value} level={0} />
    </div>
  )
}

function Node({
  name,
  value,
  level,
}: {
  readonly name?: string
  readonly value: unknown
  readonly level: number
}) {
  if (typeof value !== 'object' || value === null) {
    return (
      <div class="json-line">
        <Name name={name} />
        <Leaf value={value} />
      </div>
    )
  }
  const isList = Array.isArray(value)
  const entries = Object.entries(value)
  if (entries.length === 0) {
    return (
      <div class="json-line">
        <Name name={name} />
        <span class="json-mark">{isList ? '[]' : '{}'}</span>
      </div>
    )
  }
  const size = isList ? `[${entries.length}]` : `{${entries.length}}`
  return (
    <details open={level < openLevels && entries.length <= mostEntries}>
      <summary class="json-line">
        <Name name={name} />
        <span class="json-mark">{size}</span>
      </summary>
      <div class="json-inside">
        <Entries entries={entries} level={level + 1} />
      </div>
    </details>
  )
}

function Entries({
  entries,
  level,
}: {
  readonly entries: readonly [string, unknown][]
  readonly level: number
}) {
  const shown = useSignal(mostEntries)
  const left = entries.length - shown.value
  return (
    <>
      {entries.slice(0, shown.value).map(([name, value]) => (
        <Node key={name} name={name} value={value} level={level} />
      ))}
      {left > 0 ? (
        <button
          type="button"
          class="button quiet small"
          onClick={() => {
            shown.value += mostEntries
          }}
        >
          {left} more
        </button>
      ) : null}
    </>
  )
}

function Name({ name }: { readonly name: string | undefined }) {
  return name === undefined ? null : <span class="json-name">{name}</span>
}

function Leaf({ value }: { readonly value: unknown }) {
  const whole = useSignal(false)
  if (value === '[redacted]') return <span class="json-redacted">redacted</span>
  if (typeof value !== 'string') return <span class={`json-${typeof value}`}>{String(value)}</span>
  if (value.length <= longText || whole.value)
    return <span class="json-string">{value === '' ? '""' : value}</span>
  return (
    <span class="json-string">
      {value.slice(0, longText)}…{' '}
      <button
        type="button"
        class="button quiet small"
        onClick={() => {
          whole.value = true
        }}
      >
        {value.length - longText} more characters
      </button>
    </span>
  )
}
