import type { Level, LogOptions } from './log-options.ts'

const colors: Readonly<Record<Level, string>> = { debug: '90', info: '36', warn: '33', error: '31' }

/** One line, before it is text. */
export interface Entry {
  readonly time: Date
  readonly level: Level
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** One JSON object per line; never throws, whatever the fields hold. */
export function formatJson({ time, level, message, fields }: Entry): string {
  const head = { time: time.toISOString(), level, message, pid: process.pid }
  try {
    return JSON.stringify({ ...head, ...fields, ...head }, plain)
  } catch {
    return JSON.stringify({ ...head, fields: 'cannot be shown' })
  }
}

/** The line people see, by the templates of the options: one for the worker, one for what a task says. */
export function formatPretty({ time, level, message, fields }: Entry, options: LogOptions): string {
  const { task, id, worker: _, ...rest } = fields
  const ofTask = task !== undefined && id !== undefined
  const shown = ofTask
    ? rest
    : { ...rest, ...(task === undefined ? {} : { task }), ...(id === undefined ? {} : { id }) }
  const values: Readonly<Record<string, string>> = {
    time: localTime(time),
    level: color(level.toUpperCase().padEnd(5), colors[level], options),
    process: String(process.pid),
    message,
    task: String(task),
    id: String(id),
    fields: color(
      Object.entries(shown)
        .map(([name, value]) => `${name}=${brief(value)}`)
        .join(' '),
      '90',
      options,
    ),
  }
  const template = ofTask ? options.taskFormat : options.workerFormat
  return template.replace(/\{(\w+)\}/g, (text, name: string) => values[name] ?? text).trimEnd()
}

function brief(value: unknown): string {
  if (typeof value === 'string') return /[\s"=]/.test(value) ? JSON.stringify(value) : value
  try {
    return JSON.stringify(value, plain) ?? String(value)
  } catch {
    return String(value)
  }
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  return value instanceof Error ? { name: value.name, message: value.message, stack: value.stack } : value
}

function color(text: string, code: string, options: LogOptions): string {
  return options.colors && text ? `\u001B[${code}m${text}\u001B[39m` : text
}

/** `2026-11-24 02:31:07.042`, in the zone of the machine, as logs beside it. */
function localTime(time: Date): string {
  const local = new Date(time.getTime() - time.getTimezoneOffset() * 60_000)
  return local.toISOString().replace('T', ' ').replace('Z', '')
}
