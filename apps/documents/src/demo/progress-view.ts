import type { Status } from './client.ts'

const barWidth = 20

/** A line per document: redrawn in place on a terminal, written when something changed elsewhere. */
export class ProgressView {
  readonly #out: NodeJS.WriteStream
  readonly #names: readonly string[]
  readonly #nameWidth: number
  readonly #lines: string[]
  #drawn = false

  constructor(names: readonly string[], out: NodeJS.WriteStream = process.stdout) {
    this.#out = out
    this.#names = names
    this.#nameWidth = Math.max(...names.map((name) => name.length))
    this.#lines = names.map((_, index) => this.#line(index, 'waiting', 0))
  }

  show(index: number, { status, progress, message }: Status): void {
    const running = status === 'STARTED' && message !== null
    const line = this.#line(index, running ? message : status.toLowerCase(), progress)
    if (line === this.#lines[index]) return
    this.#lines[index] = line
    // More lines than the terminal has cannot be redrawn: the cursor does not reach them.
    if (this.#out.isTTY && this.#names.length < this.#out.rows) this.#redraw()
    else this.#out.write(`${line}\n`)
  }

  #redraw(): void {
    const up = this.#drawn ? `\u001B[${this.#lines.length}A` : ''
    this.#drawn = true
    this.#out.write(up + this.#lines.map((line) => `\u001B[2K${line}\n`).join(''))
  }

  #line(index: number, message: string, progress: number): string {
    const filled = Math.round(progress * barWidth)
    const bar = '#'.repeat(filled) + '.'.repeat(barWidth - filled)
    const percent = `${Math.round(progress * 100)} %`.padStart(5)
    return `${(this.#names[index] ?? '').padEnd(this.#nameWidth)}  ${bar} ${percent}  ${message}`
  }
}
