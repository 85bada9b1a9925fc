// See scripts/rehearse-release.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { managers } from './managers.ts'
import { packAll, scriptsAtInstall } from './packages.ts'
import { type Extent, Project } from './project.ts'
import { serveRegistry } from './registry.ts'
import { rehearseVersions } from './versions.ts'

const root = join(import.meta.dirname, '../..')
const short = process.argv.includes('--short')
const folder = mkdtempSync(join(tmpdir(), 'tq-release-'))

/** Says what was done and how long it took; a failure ends the rehearsal. */
async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now()
  const result = await work()
  const told = typeof result === 'string' || typeof result === 'number' ? `: ${result}` : ''
  console.log(`✓ ${name}${told} (${((performance.now() - start) / 1000).toFixed(1)} s)`)
  return result
}

try {
  if (!short) await step('versions', () => rehearseVersions(root, folder))
  const tarballs = join(folder, 'tarballs')
  mkdirSync(tarballs)
  const packed = await step('pack', () => packAll(root, tarballs))
  const scripts = scriptsAtInstall(packed)
  if (scripts.length > 0) throw new Error(`scripts at install: ${scripts.join(', ')}`)
  const extent: Extent = short
    ? {
        packages: ['@tq/core', '@tq/cli', '@tq/sqlite'],
        compilers: { typescript: 'typescript@6.0.3' },
        require: false,
      }
    : {
        packages: packed.map(({ manifest }) => manifest.name),
        compilers: {
          'typescript-5-9': 'typescript@5.9.3',
          'typescript-6': 'typescript@6.0.3',
          'typescript-7': 'typescript@7.0.2',
        },
        require: true,
      }
  const registry = await serveRegistry(packed)
  try {
    for (const manager of short ? managers.slice(0, 1) : managers) {
      const project = new Project(join(folder, manager.name), manager, extent)
      await step(`${manager.name}: install`, () => project.install(registry.url))
      await step(`${manager.name}: entry points`, () => project.loadEverything(packed))
      await step(`${manager.name}: the quickstart on SQLite and in memory`, () => project.quickstart())
      for (const compiler of Object.keys(extent.compilers))
        await step(`${manager.name}: types, ${extent.compilers[compiler]}`, () => project.typecheck(compiler))
    }
  } finally {
    await registry.close()
  }
} catch (error) {
  console.error(`✗ ${(error as Error).message}`)
  process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
