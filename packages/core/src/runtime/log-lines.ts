import { type IsSecret, preview } from './redact.ts'

/** A line that a handler wrote to `ctx.log`. */
export interface LogLine {
  /** In milliseconds since 1970 by the worker's clock. */
  readonly at: number
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly text: string
  readonly fields?: unknown
}

const mostLines = 100
const mostText = 500
/** Of all lines together, in characters of JSON. */
const mostLength = 8_000
const ofFields = { depth: 3, entries: 20, text: 200, length: 500 }

/** The last lines of one run, as JSON, bounded; secrets in their fields left out by name. */
export class LogLines {
  readonly #isSecret: IsSecret
  readonly #now: () => number
  readonly #lines: string[] = []
  #length = 0
  #dropped = 0

  constructor(isSecret: IsSecret, now: () => number) {
    this.#isSecret = isSecret
    this.#now = now
  }

  add(level: LogLine['level'], message: string, fields?: Readonly<Record<string, unknown>>): void {
    const text = String(message)
    const short = text.length > mostText ? `${text.slice(0, mostText)}…` : text
    const more = fields && Object.keys(fields).length > 0 ? `,"fields":${this.#preview(fields)}` : ''
    const line = `{"at":${this.#now()},"level":"${level}","text":${JSON.stringify(short)}${more}}`
    this.#lines.push(line)
    this.#length += line.length
    while (this.#lines.length > mostLines || this.#length > mostLength) {
      this.#length -= this.#lines.shift()?.length ?? 0
      this.#dropped++
    }
  }

  /** The rest of a JSON object, comma first. */
  get told(): string {
    const dropped = this.#dropped > 0 ? `,"logsDropped":${this.#dropped}` : ''
    return this.#lines.length > 0 ? `,"logs":[${this.#lines.join(',')}]${dropped}` : ''
  }

  /** The last few lines. */
  last(count: number): readonly LogLine[] {
    return this.#lines.slice(-count).map((line) => JSON.parse(line) as LogLine)
  }

  /** Fields are the application's: they may hold anything, also what JSON cannot carry. */
  #preview(fields: Readonly<Record<string, unknown>>): string {
    try {
      return preview(fields, this.#isSecret, ofFields)
    } catch {
      return '"[unreadable]"'
    }
  }
}
