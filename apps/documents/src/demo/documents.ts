import { readdir } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'

const repository = join(import.meta.dirname, '../../../..')
const samples = join(import.meta.dirname, '../../samples')

export interface DemoDocument {
  readonly path: string
  readonly name: string
}

/** Requests: the samples together, and every Markdown file people read in this repository in one of its own. */
export async function demoUploads(): Promise<readonly (readonly DemoDocument[])[]> {
  const pages = [
    ...(await filesOf(repository, /\.md$/)),
    ...(await filesOf(join(repository, 'docs'), /\.md$/, { recursive: true })),
    ...(await readmesOf('packages')),
    ...(await readmesOf('apps')),
  ]
  const together = await filesOf(samples, /\.(pdf|html|txt)$/)
  return [together, ...pages.map((path) => [path])].map((paths) =>
    paths.map((path) => ({ path, name: nameOf(path) })),
  )
}

async function filesOf(folder: string, pattern: RegExp, options: { recursive?: boolean } = {}) {
  const entries = await readdir(folder, { ...options, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && pattern.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !/\/(node_modules|\.[^/]*)\//.test(relative(repository, path)))
    .sort()
}

async function readmesOf(parent: string): Promise<string[]> {
  const folders = await readdir(join(repository, parent), { withFileTypes: true })
  const found = folders
    .filter((entry) => entry.isDirectory())
    .map((entry) => filesOf(join(repository, parent, entry.name), /^README\.md$/))
  return (await Promise.all(found)).flat().sort()
}

/** Many files are called README.md: the path tells them apart, and a file name has no slashes. */
function nameOf(path: string): string {
  return path.startsWith(samples) ? basename(path) : relative(repository, path).replaceAll('/', '-')
}
