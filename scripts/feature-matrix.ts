// Writes docs/feature-matrix.md from what the tests reported. `--check`: fails when the page says something else.
import { readFileSync, writeFileSync } from 'node:fs'

interface Assertion {
  readonly ancestorTitles: readonly string[]
  readonly title: string
  readonly status: string
}

interface Report {
  readonly testResults: readonly { readonly name: string; readonly assertionResults: readonly Assertion[] }[]
}

const page = 'docs/feature-matrix.md'
const marks: Readonly<Record<string, string>> = { passed: '✓', failed: '✗', skipped: '–', pending: '–' }

const report = JSON.parse(readFileSync('reports/vitest.json', 'utf8')) as Report
const rows = new Map<string, Map<string, string>>()
for (const { name, assertionResults } of report.testResults) {
  if (!name.includes('/test/features/')) continue
  for (const { ancestorTitles, title, status } of assertionResults) {
    const id = ancestorTitles.at(-1)
    // Features tried once, apart from any broker, have no column.
    if (!id) continue
    const row = rows.get(id) ?? new Map<string, string>()
    rows.set(id, row.set(title, marks[status] ?? '?'))
  }
}

const columns = [...new Set([...rows.values()].flatMap((row) => [...row.keys()]))].sort()
const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
const table = [
  line(['', ...columns]),
  line(['---', ...columns.map(() => ':---:')]),
  ...[...rows]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([id, row]) => line([`\`${id}\``, ...columns.map((name) => row.get(name) ?? '')])),
]
const text = `# Feature matrix

Written by \`scripts/feature-matrix.ts\` from the test reports; do not edit. Each row is a test in \`test/features\`, run
with the real producer and worker on each broker and backend. ✓ holds · – needs a backend, or what the broker cannot do,
and is refused by name · ✗ fails.

${table.join('\n')}
`

if (process.argv.includes('--check')) {
  if (readFileSync(page, 'utf8') !== text) {
    console.log(`${page} does not say what the tests found. Run: node scripts/feature-matrix.ts`)
    process.exitCode = 1
  }
} else writeFileSync(page, text)
