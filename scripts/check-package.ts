// Checks the package in the current folder as its users will get it: packs it, then lets publint look at the
// files and exports, and attw at the types. A package without declarations (a program) is not asked for types.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const folder = mkdtempSync(join(tmpdir(), 'tq-pack-'))
const bin = (name: string) => join(import.meta.dirname, '../node_modules/.bin', name)
const run = (program: string, ...args: string[]) => execFileSync(program, args, { stdio: 'inherit' })

try {
  run('pnpm', 'pack', '--pack-destination', folder)
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))
  if (!tarball) throw new Error('pnpm pack made no tarball')
  run(bin('publint'), 'run', join(folder, tarball), '--strict')
  if (existsSync('dist/index.d.ts')) run(bin('attw'), join(folder, tarball), '--profile', 'esm-only')
} finally {
  rmSync(folder, { recursive: true })
}
