import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const tq = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url))
export const taskFile = fileURLToPath(new URL('tasks.ts', import.meta.url))

/** A command of `tq`, run from sources as a process of its own. */
export class Program {
  readonly #child: ChildProcess
  #output = ''
  #closed = false
  #grown: () => void = () => {}

  constructor(command: readonly string[], environment: Readonly<Record<string, string>>) {
    this.#child = spawn(process.execPath, ['--conditions=@tq/source', tq, ...command], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text
        this.#grown()
      })
    }
    // Not 'exit': what it said last is read then.
    this.#child.once('close', () => {
      this.#closed = true
      this.#grown()
    })
  }

  /** Resolves with what fits, as soon as it was written. */
  async said(what: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = what.exec(this.#output)
      if (found) return found
      if (this.#closed) throw new Error(`ended without saying ${what}:\n${this.#output}`)
      await new Promise<void>((resolve) => {
        this.#grown = resolve
      })
    }
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    // A second one: now.
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 5_000)
    await ended
    clearTimeout(late)
  }
}
