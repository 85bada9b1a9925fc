import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from './pages.ts'

const sections: readonly (readonly [title: string, folder: RegExp])[] = [
  ['Guide', /^guide\//],
  ['Reference', /^[^/]+$/],
  ['Drivers', /^drivers\//],
  ['Packages', /^packages\//],
  ['Sample applications', /^apps\//],
  ['Optional', /^design\//],
]

/** `llms.txt`: what there is to read, a line a page (llmstxt.org); `llms-full.txt`: all of it. */
export function writeLlms(pages: readonly Page[], folder: string): void {
  const home = pages.find(({ target }) => target === 'index.md')
  const rest = pages.filter((page) => page !== home)
  const lists = sections.map(([title, place]) => {
    const lines = rest
      .filter(({ target }) => place.test(target))
      .map(({ title, target, lead }) => `- [${title}](/${target.replace(/(index)?\.md$/, '')}): ${lead}`)
    return `## ${title}\n\n${lines.join('\n')}`
  })
  writeFileSync(
    join(folder, 'llms.txt'),
    [`# tq`, `> ${home?.lead ?? ''}`, ...lists].join('\n\n').concat('\n'),
  )
  writeFileSync(join(folder, 'llms-full.txt'), pages.map(({ text }) => text).join('\n\n'))
}
