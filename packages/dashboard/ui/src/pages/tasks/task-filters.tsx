import { useEffect, useRef } from 'preact/hooks'
import type { Overview } from '../../../../src/wire/overview.ts'
import { Icon } from '../../parts/icon.tsx'
import { type Filter, noFilter } from './filter.ts'

interface TaskFiltersProps {
  readonly filter: Filter
  readonly overview: Overview | undefined
  readonly choose: (changes: Filter) => void
}

const spans: readonly (readonly [string, string])[] = [
  ['', 'Any time'],
  ['15m', 'Last 15 min'],
  ['1h', 'Last hour'],
  ['24h', 'Last day'],
  ['7d', 'Last 7 days'],
]
/** So that a name is not looked for letter by letter. */
const typingMs = 350

export function TaskFilters({ filter, overview, choose }: TaskFiltersProps) {
  const queues = overview?.queues.map(({ name }) => name) ?? []
  const workers = overview?.workers.map(({ name }) => name) ?? []
  const filtered = Object.keys(filter).length > 0
  return (
    <search class="filters">
      <TextFilter
        label="Task name"
        placeholder="Name, * for any text"
        value={filter.name}
        list="task-names"
        search
        change={(name) => choose({ name })}
      />
      <datalist id="task-names">
        {overview?.names.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <TextFilter label="Id" placeholder="Id begins with" value={filter.id} change={(id) => choose({ id })} />
      <TextFilter label="Tag" placeholder="Tag" value={filter.tag} change={(tag) => choose({ tag })} narrow />
      <Choice
        label="Queue"
        any="Any queue"
        value={filter.queue}
        options={queues}
        change={(queue) => choose({ queue })}
      />
      <Choice
        label="Worker"
        any="Any worker"
        value={filter.worker}
        options={workers}
        change={(worker) => choose({ worker })}
      />
      <select
        aria-label="Sent"
        value={filter.last ?? ''}
        onChange={(event) => choose({ last: event.currentTarget.value })}
      >
        {spans.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
      <select
        aria-label="Order"
        value={filter.order ?? ''}
        onChange={(event) => choose({ order: event.currentTarget.value })}
      >
        <option value="">Latest first</option>
        <option value="earliest">Earliest first</option>
      </select>
      {filter.parent ? <Chip text={`sent by ${filter.parent}`} drop={() => choose({ parent: '' })} /> : null}
      {filter.workflow ? (
        <Chip text={`of workflow ${filter.workflow}`} drop={() => choose({ workflow: '' })} />
      ) : null}
      {filtered ? (
        <button type="button" class="button quiet" onClick={() => choose(noFilter)}>
          <Icon name="close" size={14} /> Clear
        </button>
      ) : null}
    </search>
  )
}

function Chip({ text, drop }: { readonly text: string; readonly drop: () => void }) {
  return (
    <span class="tag chip">
      <span class="clip">{text}</span>
      <button type="button" class="button quiet small" aria-label={`Remove filter: ${text}`} onClick={drop}>
        <Icon name="close" size={12} />
      </button>
    </span>
  )
}

function Choice({
  label,
  any,
  value,
  options,
  change,
}: {
  readonly label: string
  readonly any: string
  readonly value: string | undefined
  readonly options: readonly string[]
  readonly change: (value: string) => void
}) {
  const all = value && !options.includes(value) ? [value, ...options] : options
  return (
    <select aria-label={label} value={value ?? ''} onChange={(event) => change(event.currentTarget.value)}>
      <option value="">{any}</option>
      {all.map((option) => (
        <option key={option} value={option}>
          {option}
        </option>
      ))}
    </select>
  )
}

function TextFilter({
  label,
  placeholder,
  value = '',
  list,
  search,
  narrow,
  change,
}: {
  readonly label: string
  readonly placeholder: string
  readonly value: string | undefined
  readonly list?: string
  readonly search?: boolean
  readonly narrow?: boolean
  readonly change: (value: string) => void
}) {
  const input = useRef<HTMLInputElement>(null)
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  // What the URL says, unless somebody types just now.
  useEffect(() => {
    const element = input.current
    if (element && document.activeElement !== element) element.value = value
  }, [value])
  useEffect(() => {
    if (list !== undefined) input.current?.setAttribute('list', list)
    return () => clearTimeout(timer.current)
  }, [])
  const say = (text: string) => {
    clearTimeout(timer.current)
    if (text !== value) change(text)
  }
  return (
    <input
      ref={input}
      {...(search ? { id: 'search' } : {})}
      type="search"
      class={narrow ? 'narrow' : ''}
      aria-label={label}
      placeholder={placeholder}
      defaultValue={value}
      autocomplete="off"
      spellcheck={false}
      onInput={(event) => {
        const text = event.currentTarget.value.trim()
        clearTimeout(timer.current)
        timer.current = setTimeout(() => say(text), typingMs)
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter') say(event.currentTarget.value.trim())
        if (event.key === 'Escape') event.currentTarget.blur()
      }}
    />
  )
}
