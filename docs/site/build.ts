// Builds the documentation as a site: `scripts/docs`, into reports/site/dist.
// Links that lead nowhere fail it, and so does a docstring that cannot be read.
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build } from 'vitepress'
import { writeApi } from './api.ts'
import { deadLinks, withSiteLinks } from './links.ts'
import { writeLlms } from './llms.ts'
import { built, readPages, root, staged } from './pages.ts'

const pages = readPages()
const dead = deadLinks(pages)
if (dead.length > 0) {
  for (const { source, link, reason } of dead) console.error(`${source}: ${link}: ${reason}`)
  process.exit(1)
}

rmSync(staged, { recursive: true, force: true })
const files = new Set<string>()
for (const page of pages) {
  const path = join(staged, page.target)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(
    path,
    withSiteLinks(page, pages, (file) => files.add(file)),
  )
}
for (const file of files) cpSync(join(root, file), join(staged, 'public/files', file), { recursive: true })
await writeApi(join(staged, 'api'))
await build(join(root, 'docs'))
writeLlms(pages, built)
