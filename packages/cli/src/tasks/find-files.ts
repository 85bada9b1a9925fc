import { existsSync, statSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { CommandError } from '../output/command-error.ts'

const endings = ['', '.ts', '.js', '.mts', '.mjs', '/index.ts', '/index.js']

/** File URLs of what `-A` names: paths, paths without their ending, globs. */
export async function findFiles(names: readonly string[]): Promise<readonly string[]> {
  const urls = new Set<string>()
  for (const name of names) {
    const found = /[*?[{]/.test(name) && !existsSync(name) ? await expand(name) : [findOne(name)]
    for (const path of found) urls.add(pathToFileURL(resolve(path)).href)
  }
  return [...urls]
}

function findOne(name: string): string {
  const path = endings.map((ending) => `${name}${ending}`).find(isFile)
  if (path) return path
  throw new CommandError('FILE_NOT_FOUND', `-A: '${name}' is not a file (looked in ${process.cwd()}).`)
}

async function expand(pattern: string): Promise<readonly string[]> {
  const paths: string[] = []
  for await (const path of glob(pattern)) if (isFile(path) && !path.endsWith('.d.ts')) paths.push(path)
  if (paths.length > 0) return paths.sort()
  throw new CommandError('FILE_NOT_FOUND', `-A: no file fits '${pattern}' (looked in ${process.cwd()}).`)
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}
