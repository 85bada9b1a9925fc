import { globSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Manifest } from './packages.ts'
import { run } from './run.ts'

/**
 * What `changeset version` would make of the packages, tried on a clone.
 *
 * @returns The one version that all of them get.
 * @throws Error when they would not share one: they are a fixed group.
 */
export async function rehearseVersions(root: string, folder: string): Promise<string> {
  const clone = join(folder, 'clone')
  await run(['git', 'clone', '--quiet', '--shared', root, clone], { cwd: folder })
  symlinkSync(join(root, 'node_modules'), join(clone, 'node_modules'))
  await run([join(root, 'node_modules/.bin/changeset'), 'version'], { cwd: clone })
  const versions = globSync('packages/*/package.json', { cwd: clone })
    .map((path) => JSON.parse(readFileSync(join(clone, path), 'utf8')) as Manifest)
    .filter((manifest) => !manifest.private)
    .map(({ name, version }) => ({ name, version }))
  const [first] = versions
  const others = versions.filter(({ version }) => version !== first?.version)
  if (!first || others.length > 0) throw new Error(`not one version: ${JSON.stringify(versions)}`)
  return first.version
}
