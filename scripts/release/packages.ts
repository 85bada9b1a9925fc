import { createHash } from 'node:crypto'
import { globSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { run } from './run.ts'

/** What a registry knows of a package, besides its tarball. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly exports: Readonly<Record<string, unknown>>
  readonly scripts?: Readonly<Record<string, string>>
}

/** A package as it would be published. */
export interface Packed {
  readonly manifest: Manifest
  readonly tarball: Buffer
  readonly integrity: string
}

/** The packages that are published, as their sources have them. */
function published(root: string): readonly { readonly folder: string; readonly manifest: Manifest }[] {
  return globSync('packages/*/package.json', { cwd: root })
    .sort()
    .map((path) => ({
      folder: join(root, dirname(path)),
      manifest: JSON.parse(readFileSync(join(root, path), 'utf8')) as Manifest,
    }))
    .filter(({ manifest }) => !manifest.private)
}

/** `pnpm pack` of every package: it says what `workspace:` and `catalog:` stand for, as publishing does. */
export async function packAll(root: string, folder: string): Promise<readonly Packed[]> {
  const found = published(root)
  const packed = found.map(async ({ folder: source }, at) => {
    const own = join(folder, String(at))
    mkdirSync(own)
    await run(['pnpm', 'pack', '--pack-destination', own], { cwd: source })
    const file = join(own, readdirSync(own)[0] ?? '')
    const tarball = readFileSync(file)
    const manifest = await run(['tar', '-xzOf', file, 'package/package.json'], { cwd: folder })
    return {
      manifest: JSON.parse(manifest) as Manifest,
      tarball,
      integrity: `sha512-${createHash('sha512').update(tarball).digest('base64')}`,
    }
  })
  return await Promise.all(packed)
}

/** Install scripts are blocked by newer package managers: nothing may need one. */
export function scriptsAtInstall(packages: readonly Packed[]): readonly string[] {
  const names = ['preinstall', 'install', 'postinstall', 'prepare']
  return packages.flatMap(({ manifest: { name, scripts = {} } }) =>
    names.filter((script) => script in scripts).map((script) => `${name}: ${script}`),
  )
}
