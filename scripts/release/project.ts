import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { snippetsOf } from '../../test/docs/snippets.ts'
import type { Manager } from './managers.ts'
import type { Packed } from './packages.ts'
import { run } from './run.ts'

/** How much is tried. */
export interface Extent {
  readonly packages: readonly string[]
  /** Aliases under which compilers are installed → what is installed. */
  readonly compilers: Readonly<Record<string, string>>
  readonly require: boolean
}

const readme = new URL('../../README.md', import.meta.url)

/** What the README does in two terminals; the last part of the memory broker's, which is one process, in one. */
const together = `import { createWorker } from '@tq/core'
import { app } from './tasks.ts'
await createWorker(app, { modules: ['tasks.ts'] }).start()
await import('./send.ts')
process.exit(0)
`

/** A clean project of a user's: what is installed there, and what then works. */
export class Project {
  readonly #folder: string
  readonly #manager: Manager
  readonly #extent: Extent

  constructor(folder: string, manager: Manager, extent: Extent) {
    this.#folder = folder
    this.#manager = manager
    this.#extent = extent
  }

  async install(registry: string): Promise<void> {
    mkdirSync(this.#folder)
    const manifest = { name: 'shop', private: true, type: 'module' }
    writeFileSync(join(this.#folder, 'package.json'), JSON.stringify(manifest))
    await this.#manager.configure(this.#folder, registry)
    const { packages, compilers } = this.#extent
    // Yarn installs no peers by itself: who uses @tq/otel brings the API of OpenTelemetry.
    const peers = packages.includes('@tq/otel') ? ['@opentelemetry/api@1'] : []
    const aliases = Object.entries(compilers).map(([alias, version]) => `${alias}@npm:${version}`)
    await this.#run(this.#manager.add([...packages, '@types/node@24', ...peers, ...aliases]))
    for (const { file, code } of snippetsOf(readme)) writeFileSync(join(this.#folder, file), code)
    writeFileSync(join(this.#folder, 'together.ts'), together)
  }

  /** Every entry point of every package, by `import` and by `require`. */
  async loadEverything(all: readonly Packed[]): Promise<number> {
    const entries = all
      .filter(({ manifest }) => this.#extent.packages.includes(manifest.name))
      .flatMap(({ manifest: { name, exports } }) =>
        Object.keys(exports)
          .filter((path) => !path.endsWith('.json'))
          .map((path) => `${name}${path.slice(1)}`),
      )
      // Inside vitest only.
      .filter((entry) => entry !== '@tq/conformance/vitest')
    const check = (load: string) =>
      `for (const name of ${JSON.stringify(entries)}) if (Object.keys(${load}).length === 0) throw new Error(name)`
    writeFileSync(join(this.#folder, 'esm.mjs'), check('await import(name)'))
    writeFileSync(join(this.#folder, 'common.cjs'), check('require(name)'))
    await this.#run(['node', 'esm.mjs'])
    if (this.#extent.require) await this.#run(['node', 'common.cjs'])
    return entries.length
  }

  /** The README: a worker and a sender on SQLite, and both in one process in memory. */
  async quickstart(): Promise<void> {
    const env = { TQ_BROKER_URL: 'sqlite:queue.db' }
    const [program = '', ...words] = this.#manager.exec([
      'tq',
      'worker',
      '-A',
      'tasks.ts',
      '-Q',
      'default,reports',
    ])
    // A group of its own: the managers start the worker as a child of theirs.
    const worker = spawn(program, words, {
      cwd: this.#folder,
      env: { ...process.env, ...env },
      stdio: 'ignore',
      detached: true,
    })
    try {
      expectFives(await this.#run(['node', 'send.ts'], env))
    } finally {
      const ended = once(worker, 'exit')
      if (worker.pid !== undefined) process.kill(-worker.pid, 'SIGTERM')
      await ended
    }
    expectFives(await this.#run(['node', 'together.ts'], { TQ_BROKER_URL: 'memory:' }))
  }

  /** The README's code, with everything it imports, and the types of all packages. */
  async typecheck(compiler: string): Promise<void> {
    const compilerOptions = {
      module: 'nodenext',
      target: 'es2023',
      types: ['node'],
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      allowImportingTsExtensions: true,
      noEmit: true,
      // Our declarations are part of what is promised.
      skipLibCheck: false,
    }
    const files = ['tasks.ts', 'send.ts', 'together.ts']
    writeFileSync(join(this.#folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
    await this.#run(['node', `node_modules/${compiler}/bin/tsc`, '-p', '.'])
  }

  #run(words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
    return run(words, { cwd: this.#folder, env })
  }
}

function expectFives(printed: string): void {
  if (printed.trim() !== '5\n5') throw new Error(`the quickstart prints 5 and 5, not: ${printed}`)
}
