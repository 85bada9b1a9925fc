import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './run.ts'

/** How a package manager is told what the rehearsal needs, and asked for what a user asks. */
export interface Manager {
  readonly name: string
  /** Puts its settings into the project: our registry for our scope, no install scripts. */
  configure(folder: string, registry: string): Promise<void>
  add(packages: readonly string[]): readonly string[]
  exec(words: readonly string[]): readonly string[]
}

const npmrc = (registry: string) => `@tq:registry=${registry}\nignore-scripts=true\naudit=false\nfund=false\n`

const npm: Manager = {
  name: 'npm',
  configure: async (folder, registry) => writeFileSync(join(folder, '.npmrc'), npmrc(registry)),
  add: (packages) => ['npm', 'install', '--prefer-offline', ...packages],
  exec: (words) => ['npx', '--no-install', ...words],
}

const pnpm: Manager = {
  name: 'pnpm',
  configure: async (folder, registry) => {
    writeFileSync(join(folder, '.npmrc'), npmrc(registry))
    // The folder is a workspace of its own, whatever lies above it.
    writeFileSync(join(folder, 'pnpm-workspace.yaml'), 'packages: []\nignoreScripts: true\n')
  },
  add: (packages) => ['pnpm', 'add', '--prefer-offline', ...packages],
  exec: (words) => ['pnpm', 'exec', ...words],
}

/** The current yarn, with the folder layout that most projects have. */
const yarnVersion = '4.18.1'

const yarn: Manager = {
  name: 'yarn',
  configure: async (folder, registry) => {
    const usual = (await run(['npm', 'config', 'get', 'registry'], { cwd: folder })).trim()
    const settings = {
      npmRegistryServer: usual,
      npmScopes: { tq: { npmRegistryServer: registry } },
      unsafeHttpWhitelist: ['127.0.0.1', new URL(usual).hostname],
      enableScripts: false,
      enableTelemetry: false,
      nodeLinker: 'node-modules',
      enableGlobalCache: true,
    }
    // JSON is YAML.
    writeFileSync(join(folder, '.yarnrc.yml'), JSON.stringify(settings))
    // It takes a project to begin where its lock file is.
    writeFileSync(join(folder, 'yarn.lock'), '')
    const own = join(folder, '.yarn-program')
    mkdirSync(own)
    const wanted = `@yarnpkg/cli-dist@${yarnVersion}`
    await run(['npm', 'install', '--prefix', own, '--no-audit', '--no-fund', '--prefer-offline', wanted], {
      cwd: own,
    })
  },
  add: (packages) => ['node', yarnProgram, 'add', ...packages],
  exec: (words) => ['node', yarnProgram, 'exec', ...words],
}
const yarnProgram = '.yarn-program/node_modules/@yarnpkg/cli-dist/bin/yarn.js'

export const managers: readonly Manager[] = [npm, pnpm, yarn]
