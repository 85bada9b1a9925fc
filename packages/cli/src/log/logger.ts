import { openSync, writeSync } from 'node:fs'
import type { Logger } from '@tq/core'
import { hidePasswords } from '../output/hide-passwords.ts'
import { formatJson, formatPretty } from './format.ts'
import { type Level, type LogOptions, levels } from './log-options.ts'

/** Writes one line per entry. Writes at once, so that nothing is lost when the process ends. */
export class LineLogger implements Logger {
  readonly options: LogOptions
  readonly #write: (line: string) => void
  readonly #enabled: ReadonlySet<Level>
  readonly #bound: Readonly<Record<string, unknown>>

  /** @param bound Fields of every line. */
  constructor(options: LogOptions, bound: Readonly<Record<string, unknown>> = {}) {
    this.options = options
    this.#bound = bound
    this.#enabled = new Set(levels.slice(levels.indexOf(options.level)))
    this.#write = options.file === undefined ? writeStdout : fileWriter(options.file)
  }

  debug(message: string, fields?: Readonly<Record<string, unknown>>): void {
    this.#log('debug', message, fields)
  }

  info(message: string, fields?: Readonly<Record<string, unknown>>): void {
    this.#log('info', message, fields)
  }

  warn(message: string, fields?: Readonly<Record<string, unknown>>): void {
    this.#log('warn', message, fields)
  }

  error(message: string, fields?: Readonly<Record<string, unknown>>): void {
    this.#log('error', message, fields)
  }

  /** Text that is not an entry: the banner. */
  raw(text: string): void {
    this.#write(`${hidePasswords(text)}\n`)
  }

  #log(level: Level, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    if (!this.#enabled.has(level)) return
    const entry = { time: new Date(), level, message: String(message), fields: { ...this.#bound, ...fields } }
    const format = this.options.format === 'json' ? formatJson : formatPretty
    this.#write(`${hidePasswords(format(entry, this.options))}\n`)
  }
}

function writeStdout(line: string): void {
  process.stdout.write(line)
}

/** Appending, so that several processes may share one file and a rotation by copy and truncate works. */
function fileWriter(file: string): (line: string) => void {
  const descriptor = openSync(file, 'a')
  return (line) => {
    writeSync(descriptor, line)
  }
}
