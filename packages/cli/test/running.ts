import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import type { Answer } from './project.ts'

/** A line of the JSON log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly message: string }

/** A command that runs: its output as it comes, its end. */
export class Running {
  readonly child: ChildProcessWithoutNullStreams
  readonly exited: Promise<Answer>
  #stdout = ''
  #stderr = ''
  #ended = false
  #wake: () => void = () => {}

  constructor(child: ChildProcessWithoutNullStreams) {
    this.child = child
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text
      this.#wake()
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
    })
    this.exited = new Promise((resolve) => {
      child.on('close', (code) => {
        this.#ended = true
        this.#wake()
        resolve({ code, stdout: this.#stdout, stderr: this.#stderr })
      })
    })
  }

  /** All log lines until now. */
  get lines(): readonly LogLine[] {
    return this.#stdout
      .split('\n')
      .slice(0, -1)
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as LogLine)
  }

  /** Waits for the `count`-th line whose message starts so, and that passes the check. */
  async line(message: string, count = 1, check: (line: LogLine) => boolean = () => true): Promise<LogLine> {
    for (;;) {
      const found = this.lines.filter((line) => line.message.startsWith(message) && check(line))
      const line = found[count - 1]
      if (line) return line
      if (this.#ended) throw new Error(`ended without '${message}':\n${this.#stdout}\n${this.#stderr}`)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name)
  }
}
