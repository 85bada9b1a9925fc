// Writes docs/feature-matrix.md from what the tests reported. `--check`: fails when the page says something else.
// `--prune`: what has not run goes from the page.
import { readFileSync, writeFileSync } from 'node:fs'
import { type Matrix, readReport, readTables, refuseToShrink } from './matrix.ts'

const page = 'docs/feature-matrix.md'
const wholeRun = 'scripts/test (or: scripts/test test/features)'
/** Pairs that an ordinary run does not try: see test/features/pairs.ts. */
const fullTier = ' (full tier)'

// Features tried once, apart from any broker, have no column.
const ofPair = ([title]: [string, string]) => !title.endsWith(fullTier)
const rows: Matrix = new Map(
  [...readReport('/test/features/')].flatMap(([id, row]) => {
    const cells = [...row].filter(ofPair)
    return cells.length > 0 ? [[id, new Map(cells)] as const] : []
  }),
)

const columns = [...new Set([...rows.values()].flatMap((row) => [...row.keys()]))].sort()
const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
const header = [line(['', ...columns]), line(['---', ...columns.map(() => ':---:')])]
const groups = Map.groupBy(
  [...rows].sort(([a], [b]) => a.localeCompare(b)),
  ([id]) => id.replace(/\/.*/, ''),
)
const sections = [...groups].map(([group, members]) => {
  const lines = members.map(([id, row]) => line([`\`${id}\``, ...columns.map((name) => row.get(name) ?? '')]))
  return [`## ${group.replaceAll('-', ' ')}`, '', ...header, ...lines, ''].join('\n')
})
const contents = [...groups.keys()].map((group) => `[${group.replaceAll('-', ' ')}](#${group})`).join(' · ')
const text = `# Feature matrix

Written by \`scripts/feature-matrix.ts\` from the test reports; do not edit. Each row is a test in \`test/features\`, run
with the real producer and worker on each broker and backend. ✓ holds · – needs a backend, or what the broker cannot do,
and is refused by name · ✗ fails.

${contents}

${sections.join('\n')}`

if (process.argv.includes('--check')) {
  if (readFileSync(page, 'utf8') !== text) {
    console.log(`${page} does not say what the tests found. Run: node scripts/feature-matrix.ts`)
    process.exitCode = 1
  }
} else {
  refuseToShrink(page, readTables(readFileSync(page, 'utf8')), rows, wholeRun)
  writeFileSync(page, text)
}
