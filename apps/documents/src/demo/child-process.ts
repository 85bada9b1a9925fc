import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'

/** How much of a child's output is kept for the case that something goes wrong. */
const keptLines = 20
/** After SIGTERM: longer than the longest poll of a broker, which a worker lets come to its end. */
const stopMs = 30_000

/** A process the demo has started, and is responsible for. */
export interface Child {
  readonly name: string
  /** Resolves with the first line of its output that fits. Rejects when the child ends before. */
  line(pattern: RegExp): Promise<RegExpExecArray>
  /** Asks it to end and waits. Rejects when it does not end cleanly. */
  stop(): Promise<void>
  /** What it wrote last. */
  output(): string
}

/** The program behind a package's command. Started by itself, signals reach it and not the shell script before it. */
export function commandFile(packageName: string, command: string): string {
  const manifest = createRequire(import.meta.url).resolve(`${packageName}/package.json`)
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as { bin: Record<string, string> }
  return join(dirname(manifest), bin[command] ?? '')
}

/** Starts one of the app's programs with this node and its conditions. Its folder is the app's, where packages are found. */
export function startChild(
  name: string,
  program: readonly string[],
  environment: Readonly<Record<string, string>>,
): Child {
  // Node 22 warns about its own sqlite module and type stripping.
  const flags = [...process.execArgv, '--disable-warning=ExperimentalWarning']
  const child = spawn(process.execPath, [...flags, ...program], {
    cwd: join(import.meta.dirname, '../..'),
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return new StartedChild(name, child)
}

class StartedChild implements Child {
  readonly name: string
  readonly #process: ChildProcess
  readonly #lines: string[] = []
  readonly #listeners = new Set<(line: string) => void>()
  /** The exit code or signal. */
  readonly #ended: Promise<number | NodeJS.Signals | Error>

  constructor(name: string, process: ChildProcess) {
    this.name = name
    this.#process = process
    this.#ended = new Promise((resolve) => {
      process.once('error', resolve)
      // 'close' rather than 'exit': all of its output has arrived.
      process.once('close', (code, signal) => resolve(code ?? signal ?? 1))
    })
    for (const stream of [process.stdout, process.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', (line) => this.#hear(line))
    }
  }

  async line(pattern: RegExp): Promise<RegExpExecArray> {
    const found = new Promise<RegExpExecArray>((resolve) => {
      const look = (line: string) => {
        const match = pattern.exec(line)
        if (match) resolve(match)
      }
      this.#lines.forEach(look)
      this.#listeners.add(look)
    })
    const ended = this.#ended.then((end): never => {
      throw this.#failure(`ended too early (${String(end)})`)
    })
    return await Promise.race([found, ended])
  }

  async stop(): Promise<void> {
    this.#process.kill('SIGTERM')
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), stopMs)
    const end = await this.#ended
    clearTimeout(timer)
    if (end !== 0) throw this.#failure(`did not end cleanly (${String(end)})`)
  }

  output(): string {
    return this.#lines.map((line) => `  ${this.name} | ${line}`).join('\n')
  }

  #hear(line: string): void {
    this.#lines.push(line)
    if (this.#lines.length > keptLines) this.#lines.shift()
    for (const listener of this.#listeners) listener(line)
  }

  #failure(what: string): Error {
    return new Error(`The ${this.name} ${what}.`)
  }
}
