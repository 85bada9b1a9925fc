import { usageError } from '../output/command-error.ts'

export type Level = 'debug' | 'info' | 'warn' | 'error'

/** What is needed to make a logger. */
export interface LogOptions {
  readonly level: Level
  readonly format: 'pretty' | 'json'
  readonly colors: boolean
  readonly workerFormat: string
  readonly taskFormat: string
  /** Instead of stdout. */
  readonly file: string | undefined
}

export const levels: readonly Level[] = ['debug', 'info', 'warn', 'error']

const spellings: Readonly<Record<string, Level>> = {
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  warning: 'warn',
  error: 'error',
}

interface LogValues {
  readonly loglevel: string | undefined
  readonly 'log-format': string | undefined
  readonly 'worker-log-format': string | undefined
  readonly 'task-log-format': string | undefined
  readonly json: boolean
}

/** Pretty on a terminal, JSON lines for everybody else. */
export function logOptions(values: LogValues, file: string | undefined): LogOptions {
  const level = spellings[(values.loglevel ?? 'info').toLowerCase()]
  if (!level) throw usageError(`--loglevel '${values.loglevel}' is none of debug, info, warning, error.`)
  const terminal = file === undefined && process.stdout.isTTY === true
  const format = values['log-format'] ?? (terminal && !values.json ? 'pretty' : 'json')
  if (format !== 'pretty' && format !== 'json')
    throw usageError(`--log-format '${format}' is neither pretty nor json.`)
  return {
    level,
    format,
    colors: terminal && !process.env['NO_COLOR'],
    workerFormat: values['worker-log-format'] ?? '{time} {level} {process} {message} {fields}',
    taskFormat: values['task-log-format'] ?? '{time} {level} {process} [{task}({id})] {message} {fields}',
    file,
  }
}
