import { existsSync } from 'node:fs'
import { join, posix } from 'node:path'
import { type Page, root } from './pages.ts'

/** Links and pictures, Markdown's and HTML's. Code is not read for any. */
const codeOrLink = /```[\s\S]*?^```|`[^`\n]*`|(\]\(|\b(?:src|srcset|href)=")([^)"\s]+)([)"])/gm

/** A link of a page that leads nowhere. */
export interface DeadLink {
  readonly source: string
  readonly link: string
  readonly reason: 'no such file' | 'no such heading'
}

/** All links within the repository, their headings included. Addresses elsewhere are not looked up. */
export function deadLinks(pages: readonly Page[]): readonly DeadLink[] {
  const headings = new Map(pages.map(({ source, text }) => [source, headingsOf(text)]))
  return pages.flatMap(({ source, text }) =>
    linksOf(text).flatMap((link): readonly DeadLink[] => {
      const [path = '', heading] = link.split('#')
      const file = path === '' ? source : resolve(source, path)
      const known = headings.get(file)
      if (!known && !existsSync(join(root, file))) return [{ source, link, reason: 'no such file' }]
      if (heading !== undefined && known && !known.has(heading))
        return [{ source, link, reason: 'no such heading' }]
      return []
    }),
  )
}

/**
 * The page's text with its links as the site has them.
 *
 * @param onFile Told of every file that a page links to and that is no page: the site needs a copy.
 */
export function withSiteLinks(page: Page, pages: readonly Page[], onFile: (file: string) => void): string {
  const targets = new Map(pages.map(({ source, target }) => [source, target]))
  return page.text.replace(codeOrLink, (whole, open?: string, link = '', close = '') => {
    if (open === undefined || isElsewhere(link) || link.startsWith('#')) return whole
    const [path = '', heading] = link.split('#')
    const file = resolve(page.source, path)
    const target = targets.get(file)
    if (target === undefined) onFile(file)
    const address = target === undefined ? `/files/${file}` : `/${target.replace(/(index)?\.md$/, '')}`
    return `${open}${address}${heading === undefined ? '' : `#${heading}`}${close}`
  })
}

const isElsewhere = (link: string): boolean => /^[a-z]+:/.test(link)

function linksOf(text: string): readonly string[] {
  return [...text.matchAll(codeOrLink)]
    .map(([, , link = '']) => link)
    .filter((link) => link !== '' && !isElsewhere(link))
}

function resolve(source: string, path: string): string {
  return posix.join(posix.dirname(source), decodeURIComponent(path))
}

/** As GitHub and the site make them from headings. */
function headingsOf(text: string): ReadonlySet<string> {
  const slugs = new Set<string>()
  for (const [, heading = ''] of text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/^#{1,6} (.+)$/gm)) {
    const slug = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{Letter}\p{Number}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-')
    let unique = slug
    for (let count = 1; slugs.has(unique); count++) unique = `${slug}-${count}`
    slugs.add(unique)
  }
  return slugs
}
