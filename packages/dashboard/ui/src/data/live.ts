import { type Signal, signal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import type { LiveMessage, Problem } from '../../../src/wire/common.ts'
import { apiUrl } from '../lib/root.ts'
import { get, toProblem } from './api.ts'

/** What is known of something that is looked at. The last data stays while there is a problem. */
export interface Live<T> {
  readonly data: T | undefined
  readonly problem: Problem | undefined
}

interface Entry {
  readonly state: Signal<Live<unknown>>
  users: number
}

/** `lost`: no answer. `paused`: the tab is hidden. */
export const connection = signal<'connecting' | 'live' | 'lost' | 'paused'>('connecting')
/** Why it is lost. */
export const connectionProblem = signal<Problem | undefined>(undefined)

const nothing: Live<unknown> = { data: undefined, problem: undefined }
/** Pages gone back to show at once what they showed before. */
const mostRemembered = 40
const afterLossMs = 2_000

const entries = new Map<string, Entry>()
let source: EventSource | undefined
let asked = ''
let planned: ReturnType<typeof setTimeout> | undefined

/** Something of the API, as it changes: `useLive<Page<TaskRow>>('tasks?state=FAILURE')`. Null looks at nothing. */
export function useLive<T>(path: string | null): Live<T> {
  const entry = useMemo(() => (path === null ? undefined : entryOf(path)), [path])
  useEffect(() => {
    if (!entry) return
    entry.users++
    plan()
    return () => {
      entry.users--
      plan()
    }
  }, [entry])
  return (entry?.state.value ?? nothing) as Live<T>
}

function entryOf(path: string): Entry {
  const known = entries.get(path)
  if (known) return known
  const entry: Entry = { state: signal(nothing), users: 0 }
  entries.set(path, entry)
  if (entries.size > mostRemembered) {
    for (const [name, one] of entries) {
      if (one.users > 0 || one === entry) continue
      entries.delete(name)
      break
    }
  }
  return entry
}

function tell(path: string, { data, problem }: Live<unknown>): void {
  const state = entries.get(path)?.state
  if (state) state.value = problem ? { data: state.value.data, problem } : { data, problem: undefined }
}

/** Once for all that comes and goes within one turn. */
function plan(waitMs = 10): void {
  clearTimeout(planned)
  planned = setTimeout(connect, waitMs)
}

function connect(): void {
  if (document.hidden) {
    stop('paused')
    return
  }
  const paths = [...entries].filter(([, { users }]) => users > 0).map(([path]) => path)
  const query = paths.map((path) => `get=${encodeURIComponent(path)}`).join('&')
  if (query === asked && source && source.readyState !== EventSource.CLOSED) return
  asked = query
  const before = source
  if (paths.length === 0) {
    stop('connecting')
    return
  }
  if (!before) connection.value = 'connecting'
  const opened = new EventSource(apiUrl(`live?${query}`))
  source = opened
  opened.onopen = () => {
    before?.close()
    connection.value = 'live'
    connectionProblem.value = undefined
  }
  opened.onmessage = ({ data }: MessageEvent<string>) => {
    const message = JSON.parse(data) as LiveMessage
    tell(message.get, { data: message.data, problem: message.problem })
  }
  opened.onerror = () => {
    before?.close()
    if (source === opened) void lose(opened)
  }
}

/** An EventSource does not say why: ask in another way. */
async function lose(lost: EventSource): Promise<void> {
  connection.value = 'lost'
  lost.close()
  plan(afterLossMs)
  try {
    await get('session')
    connectionProblem.value = undefined
  } catch (error) {
    connectionProblem.value = toProblem(error)
  }
}

function stop(why: 'paused' | 'connecting'): void {
  source?.close()
  source = undefined
  asked = ''
  connection.value = why
}

document.addEventListener('visibilitychange', () => plan(document.hidden ? 1_000 : 0))
