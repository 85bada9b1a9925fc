import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type PageFile, shellLines } from './blocks.ts'

const here = dirname(fileURLToPath(import.meta.url))
const tq = join(here, '../../packages/cli/src/main.ts')
/** Packages are run from their sources; Node 22 warns about its own modules. */
const flags = ['-C', '@tq/source', '--disable-warning=ExperimentalWarning']

/** Where the page's programs and workers meet, as a deployment says it. */
export type Deployment = Readonly<Record<`TQ_${string}`, string>>

/** Each page has a queue of its own, in its folder. */
const sqlite: Deployment = { TQ_BROKER_URL: 'sqlite:queue.db' }

/** What was compiled once is not compiled again by the next of some hundred processes. */
const compiled = mkdtempSync(join(tmpdir(), 'tq-docs-compiled-'))
process.once('exit', () => rmSync(compiled, { recursive: true, force: true }))

/** The files of a page on disk, where they can be run. */
export class PageFolder {
  readonly #page: URL
  readonly #folder: string
  readonly #files: readonly PageFile[]
  readonly #deployment: Deployment
  readonly #started: ChildProcess[] = []
  #said = ''

  constructor(page: URL, folder: string, files: readonly PageFile[], deployment = sqlite) {
    this.#page = page
    this.#folder = folder
    this.#files = files
    this.#deployment = deployment
    mkdirSync(folder, { recursive: true })
    for (const { name, code } of files) writeFileSync(join(folder, name), code)
  }

  get programs(): readonly PageFile[] {
    return this.#files.filter(({ run }) => run)
  }

  get tests(): readonly PageFile[] {
    return this.#files.filter(({ vitest }) => vitest)
  }

  /** Tests of vitest's, as the page has them. */
  async runVitest({ name }: PageFile): Promise<void> {
    const config = [
      `import { project } from '${join(here, '../../vitest.shared.ts')}'`,
      `export default project('page', { include: ['${name}'] })`,
    ]
    writeFileSync(join(this.#folder, 'vitest.config.ts'), config.join('\n'))
    await this.#node([join(here, '../../node_modules/vitest/vitest.mjs'), 'run'], {
      TQ_BROKER_URL: 'memory:',
    })
  }

  /** Lines that start a worker, in the background. With them, programs run on SQLite. */
  get workers(): readonly string[] {
    return shellLines(this.#page, 'worker')
  }

  /** In one process with a worker, on the memory broker. */
  async runInMemory({ name }: PageFile): Promise<string> {
    const tasks = this.#files.find((file) => file.name === 'tasks.ts')
    const files = [join(this.#folder, name), ...(tasks ? [join(this.#folder, tasks.name)] : [])]
    return await this.#node([join(here, 'run-in-process.ts'), ...files], { TQ_BROKER_URL: 'memory:' })
  }

  /** Starts what the page starts in the background, until it is ready. It serves all programs and lines of the page. */
  async startWorkers(): Promise<void> {
    await Promise.all(this.workers.map((line) => this.#start(line)))
  }

  async stopWorkers(): Promise<void> {
    await Promise.all(this.#started.map(stop))
  }

  /** In a process of its own, beside the page's workers. */
  async runBeside({ name }: PageFile): Promise<string> {
    try {
      return await this.#node([name], this.#deployment)
    } catch (error) {
      throw new Error(`${(error as Error).message}\nbeside a worker that said:\n${this.#said}`, {
        cause: error,
      })
    }
  }

  /** The lines of the page that are run one after the other. */
  async runLines(): Promise<void> {
    for (const line of shellLines(this.#page, 'run')) {
      const words = commandOf(line)
      if (!words) throw new Error(`'${line}' is neither npx tq nor node`)
      await this.#node(words, this.#deployment)
    }
  }

  async #start(line: string): Promise<void> {
    const words = commandOf(line.replace(/&$/, ''))
    if (!words) throw new Error(`'${line}' starts no worker`)
    const worker = spawn(process.execPath, [...flags, ...words], {
      cwd: this.#folder,
      env: this.#environment(this.#deployment),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#started.push(worker)
    await new Promise<void>((resolve, reject) => {
      for (const stream of [worker.stdout, worker.stderr])
        stream.setEncoding('utf8').on('data', (text: string) => {
          this.#said += text
          if (this.#said.includes('"message":"ready"')) resolve()
        })
      worker.once('exit', () => reject(new Error(`'${line}' ended: ${this.#said}`)))
    })
  }

  async #node(words: readonly string[], deployment: Deployment): Promise<string> {
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, ...words], {
      cwd: this.#folder,
      env: this.#environment(deployment),
      timeout: 100_000,
    })
    return stdout
  }

  #environment(deployment: Deployment): NodeJS.ProcessEnv {
    const { TQ_BACKEND_URL: _, ...rest } = process.env
    // A machine that runs other tests too answers late.
    const patience = { TQ_CONNECT_TIMEOUT: '60s' }
    return { ...rest, ...patience, ...deployment, NO_COLOR: '1', NODE_COMPILE_CACHE: compiled }
  }
}

/** What node is to run for a line of a page. Quotes hold words together. */
function commandOf(line: string): readonly string[] | undefined {
  const [program, ...words] = (line.match(/'[^']*'|"[^"]*"|\S+/g) ?? []).map((word) =>
    word.replace(/^(['"])(.*)\1$/, '$2'),
  )
  if (program === 'node') return words
  return program === 'npx' && words[0] === 'tq' ? [tq, ...words.slice(1)] : undefined
}

async function stop(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null) return
  worker.kill('SIGTERM')
  await once(worker, 'exit')
}
