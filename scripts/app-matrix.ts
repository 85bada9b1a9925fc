// Writes the table of sample applications in README.md from what the tests reported (TQ_TEST_TIER=full for all pairs).
// `--check`: fails when the table says otherwise of what has run; the ordinary tier runs one pair for each broker.
import { readFileSync, writeFileSync } from 'node:fs'
import { readReport } from './vitest-report.ts'

const page = 'README.md'
const [start, end] = ['<!-- apps: written by scripts/app-matrix.ts -->', '<!-- /apps -->']
const marks: Readonly<Record<string, string>> = { passed: '✓', failed: '✗', skipped: '–', pending: '–' }

/** App → pair → mark. */
type Matrix = Map<string, Map<string, string>>

function readMatrix(): Matrix {
  const matrix: Matrix = new Map()
  const { testResults } = readReport()
  for (const { name, assertionResults } of testResults) {
    if (!name.includes('/test/apps/')) continue
    for (const { ancestorTitles, title, status } of assertionResults) {
      const app = ancestorTitles.at(-1)
      if (app) matrix.set(app, (matrix.get(app) ?? new Map()).set(title, marks[status] ?? '?'))
    }
  }
  return matrix
}

/** `| redis | ✓ | … |` under `| | [nightly](…) | … |`. */
function readTable(table: string): Matrix {
  const [head = [], , ...rows] = table
    .trim()
    .split('\n')
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
  return new Map(
    head.slice(1).map((cell, column) => {
      const app = /\[(.*)\]/.exec(cell)?.[1] ?? ''
      const cells = rows.map((row) => [row[0] ?? '', row[column + 1] ?? ''] as const)
      return [app, new Map(cells.filter(([, mark]) => mark !== ''))]
    }),
  )
}

function writeTable(matrix: Matrix): string {
  const apps = [...matrix.keys()].sort()
  const pairs = [...new Set([...matrix.values()].flatMap((row) => [...row.keys()]))].sort()
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    line(['broker × backend', ...apps.map((app) => `[${app}](apps/${app}/README.md)`)]),
    line(['---', ...apps.map(() => ':---:')]),
    ...pairs.map((pair) => line([pair, ...apps.map((app) => matrix.get(app)?.get(pair) ?? '')])),
  ].join('\n')
}

const text = readFileSync(page, 'utf8')
const [before, rest = ''] = text.split(`${start}\n`)
const [table = '', after] = rest.split(end)
const found = readMatrix()
if (process.argv.includes('--check')) {
  const told = readTable(table)
  const wrong = [...found].flatMap(([app, row]) =>
    [...row].filter(([pair, mark]) => told.get(app)?.get(pair) !== mark).map(([pair]) => `${app} on ${pair}`),
  )
  if (wrong.length > 0) {
    console.log(
      `${page} does not say what the tests found: ${wrong.join(', ')}. Run: node scripts/app-matrix.ts`,
    )
    process.exitCode = 1
  }
} else writeFileSync(page, `${before}${start}\n${writeTable(found)}\n${end}${after}`)
