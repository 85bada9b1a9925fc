import type { Status } from './client.ts'

const barWidth = 20
/** Of a terminal that does not tell its size. */
const usualRows = 24
const ended = new Set<Status['status']>(['SUCCESS', 'FAILURE', 'REVOKED'])

/** How far a document is, and what is being done with it. */
interface Row {
  readonly status: Status['status']
  readonly progress: number
  readonly text: string
}

/**
 * How far each document is. On a terminal it is redrawn in place: a line per document where they fit, else one bar for
 * all of them and what is running. Elsewhere a line is written when something has changed.
 */
export class ProgressView {
  readonly #out: NodeJS.WriteStream
  readonly #names: readonly string[]
  readonly #nameWidth: number
  readonly #rows: Row[]
  /** Lines on the terminal that the next drawing goes over. */
  #drawn = 0

  constructor(names: readonly string[], out: NodeJS.WriteStream = process.stdout) {
    this.#out = out
    this.#names = names
    this.#nameWidth = Math.max(...names.map((name) => name.length))
    this.#rows = names.map(() => ({ status: 'PENDING', progress: 0, text: 'pending' }))
  }

  show(index: number, { status, progress, message }: Status): void {
    const text = status === 'STARTED' && message !== null ? message : status.toLowerCase()
    const before = this.#rows[index]
    if (before?.text === text && before.progress === progress) return
    this.#rows[index] = { status, progress, text }
    if (!this.#out.isTTY) this.#out.write(`${this.#line(index)}\n`)
    // The cursor does not reach lines that have scrolled away.
    else this.#draw(this.#rows.length < this.#height ? this.#everyLine() : this.#summary())
  }

  get #height(): number {
    return this.#out.rows || usualRows
  }

  #everyLine(): readonly string[] {
    return this.#rows.map((_, index) => this.#line(index))
  }

  /** One bar, and as many of those that run as the terminal has lines for. */
  #summary(): readonly string[] {
    const done = this.#rows.filter(({ status }) => ended.has(status)).length
    const running = [...this.#rows.keys()].filter((index) => this.#rows[index]?.status === 'STARTED')
    const progress = this.#rows.reduce((sum, row) => sum + row.progress, 0) / this.#rows.length
    const total = this.#bar('all documents', progress, `${done} of ${this.#rows.length} have ended`)
    return [total, ...running.slice(0, this.#height - 2).map((index) => this.#line(index))]
  }

  #draw(lines: readonly string[]): void {
    const up = this.#drawn > 0 ? `\u001B[${this.#drawn}A` : ''
    this.#drawn = lines.length
    // What is left of a longer drawing before this one is cleared, too.
    this.#out.write(`${up}${lines.map((line) => `\u001B[2K${line}\n`).join('')}\u001B[J`)
  }

  #line(index: number): string {
    const { progress, text } = this.#rows[index] ?? { progress: 0, text: '' }
    return this.#bar(this.#names[index] ?? '', progress, text)
  }

  /** Cut to the terminal's width: a line that wraps would be two for the cursor. */
  #bar(name: string, progress: number, text: string): string {
    const filled = Math.round(progress * barWidth)
    const bar = '#'.repeat(filled) + '.'.repeat(barWidth - filled)
    const percent = `${Math.round(progress * 100)} %`.padStart(5)
    const line = `${name.padEnd(this.#nameWidth)}  ${bar} ${percent}  ${text}`
    return this.#out.isTTY ? line.slice(0, (this.#out.columns || line.length) - 1) : line
  }
}
