import { readdir } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'

const repository = join(import.meta.dirname, '../../../..')
const samples = join(import.meta.dirname, '../../samples')

export interface DemoDocument {
  readonly path: string
  readonly name: string
}

/** The samples, and every Markdown file people read in this repository: what a checkout has, so much is sent. */
export async function demoDocuments(): Promise<DemoDocument[]> {
  const found = [
    ...(await filesOf(samples, /\.(pdf|html|txt)$/)),
    ...(await filesOf(repository, /\.md$/)),
    ...(await filesOf(join(repository, 'docs'), /\.md$/, { recursive: true })),
    ...(await readmesOf('packages')),
    ...(await readmesOf('apps')),
  ]
  return found.map((path) => ({ path, name: nameOf(path) }))
}

async function filesOf(folder: string, pattern: RegExp, options: { recursive?: boolean } = {}) {
  const entries = await readdir(folder, { ...options, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && pattern.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.includes('node_modules'))
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
