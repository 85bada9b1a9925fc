import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The root of the repository. */
export const root = fileURLToPath(new URL('../../', import.meta.url))

/** What the site is built from: pages with the links it has there, and the API reference. */
export const staged = join(root, 'reports/site/pages')
export const built = join(root, 'reports/site/dist')

/** A Markdown file of the repository and its place in the site. Both are relative, with slashes. */
export interface Page {
  /** Below the repository's root. */
  readonly source: string
  /** Below the site's root. */
  readonly target: string
  readonly title: string
  /** What the page begins with: what one can do after reading it. */
  readonly lead: string
  readonly text: string
}

/** Everything that people read. Pages of `docs/` lose that folder, the rest keep their place. */
const patterns = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'docs/*.md',
  'docs/{guide,drivers,design}/*.md',
  'packages/*/README.md',
  'apps/*/README.md',
]

export function readPages(): readonly Page[] {
  return globSync(patterns, { cwd: root })
    .map((path) => path.replaceAll('\\', '/'))
    .sort()
    .map((source) => {
      const text = readFileSync(join(root, source), 'utf8')
      return { source, target: targetOf(source), title: titleOf(text, source), lead: leadOf(text), text }
    })
}

function targetOf(source: string): string {
  const [place, name] = [dirname(source), basename(source)]
  const folder = place === 'docs' ? '.' : place.replace(/^docs\//, '')
  return posix.join(folder, name === 'README.md' ? 'index.md' : name.toLowerCase())
}

function titleOf(text: string, source: string): string {
  return /^# (.+)$/m.exec(text)?.[1] ?? source
}

/** The first paragraph, as one line without its links. */
function leadOf(text: string): string {
  const paragraph = text.split(/\n{2,}/).find((part) => !/^(#|\||```|<)/.test(part)) ?? ''
  return paragraph
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/\s+/g, ' ')
    .replaceAll('**', '')
    .trim()
}
