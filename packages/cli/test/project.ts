import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type App, createApp, defineTask, type SendOptions, type TaskInfo } from '@tq/core'
import { sqlite } from '@tq/sqlite'
import { onTestFinished } from 'vitest'
import { Running } from './running.ts'

const packages = fileURLToPath(new URL('../..', import.meta.url))
const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

/** How a command ended. */
export interface Answer {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A user's project in a folder of its own, with a SQLite broker, gone after the test. */
export class Project {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'tq-cli-')))
  readonly #started: ChildProcess[] = []
  readonly #environment: Record<string, string>
  #app: App<unknown> | undefined

  constructor(environment: Record<string, string> = {}) {
    this.#environment = { TQ_BROKER_URL: `sqlite:${join(this.folder, 'q.db')}`, ...environment }
    this.write('package.json', '{ "type": "module" }')
    mkdirSync(join(this.folder, 'node_modules/@tq'), { recursive: true })
    for (const name of ['core', 'sqlite', 'cli']) {
      symlinkSync(join(packages, name), join(this.folder, 'node_modules/@tq', name))
    }
    onTestFinished(() => this.#dispose())
  }

  path(file: string): string {
    return join(this.folder, file)
  }

  write(file: string, text: string): void {
    mkdirSync(dirname(this.path(file)), { recursive: true })
    writeFileSync(this.path(file), text)
  }

  /** Starts a command and gives it back running. */
  start(words: readonly string[], environment: Record<string, string> = {}): Running {
    const inherited = Object.entries(process.env).filter(
      ([name]) => !/^(TQ_|NODE_|VITEST|TEST$|CI$)/.test(name),
    )
    const child = spawn(process.execPath, ['-C', '@tq/source', main, ...words], {
      cwd: this.folder,
      env: { ...Object.fromEntries(inherited), ...this.#environment, ...environment },
    })
    this.#started.push(child)
    return new Running(child)
  }

  /** Runs a command to its end. */
  tq(words: readonly string[], environment?: Record<string, string>): Promise<Answer> {
    return this.start(words, environment).exited
  }

  /** The same with `--json`; the answer parsed. */
  async json(words: readonly string[], environment?: Record<string, string>): Promise<unknown> {
    const { code, stdout, stderr } = await this.tq([...words, '--json'], environment)
    if (code !== 0) throw new Error(`tq ${words.join(' ')}: ${stderr}`)
    return JSON.parse(stdout)
  }

  /** Sends a task from here: a process for each would take most of the time of these tests. */
  async send(name: string, input?: unknown, options: SendOptions = {}): Promise<string> {
    return (await this.app.send(defineTask({ name }), input as never, options)).id
  }

  async info(id: string): Promise<TaskInfo | undefined> {
    return await this.app.result(id).info()
  }

  get app(): App<unknown> {
    this.#app ??= createApp<unknown>({
      adapters: [sqlite({ synchronous: 'normal' })],
      broker: `sqlite:${this.path('q.db')}`,
    })
    return this.#app
  }

  async #dispose(): Promise<void> {
    await this.#app?.close()
    for (const child of this.#started) child.kill('SIGKILL')
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** Tasks that most tests need. `hold` runs until the file `go` exists, whatever its signal says. */
export const taskFile = `
import { createApp, type } from '@tq/core'
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
export const app = createApp()
export const add = app.task({ name: 'add', input: type<{ x: number; y: number }>(), run: ({ x, y }) => x + y })
export const bad = app.task({ name: 'bad', retry: { maxRetries: 0 }, run: () => { throw new Error('boom') } })
export const hold = app.task({
  name: 'hold',
  run: async () => {
    while (!existsSync('go')) await sleep(20)
    return 'held'
  },
})
export const mail = app.task({ name: 'mail', queue: 'mail', run: () => process.pid })
`
