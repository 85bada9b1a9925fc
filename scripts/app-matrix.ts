// Writes the table of sample applications in README.md from what the tests reported.
// `--check`: fails when the table says otherwise of what has run.
// `--prune`: what has not run goes from the table.
import { readFileSync, writeFileSync } from 'node:fs'
import { type Matrix, readReport, readTables, refuseToShrink, transpose } from './matrix.ts'

const page = 'README.md'
/** The ordinary tier runs one pair for each broker. */
const wholeRun = 'TQ_TEST_TIER=full scripts/test (or: scripts/test --tier full test/apps)'
const [start, end] = ['<!-- apps: written by scripts/app-matrix.ts -->', '<!-- /apps -->']

/** @param matrix App → pair → mark. */
function writeTable(matrix: Matrix): string {
  const apps = [...matrix.keys()].sort()
  const pairs = [...transpose(matrix).keys()].sort()
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
const told = transpose(readTables(table))
const found = readReport('/test/apps/')
if (process.argv.includes('--check')) {
  const wrong = [...found].flatMap(([app, row]) =>
    [...row].filter(([pair, mark]) => told.get(app)?.get(pair) !== mark).map(([pair]) => `${app} on ${pair}`),
  )
  if (wrong.length > 0) {
    console.log(
      `${page} does not say what the tests found: ${wrong.join(', ')}. Run: ${wholeRun}, then: node scripts/app-matrix.ts`,
    )
    process.exitCode = 1
  }
} else {
  refuseToShrink(page, told, found, wholeRun)
  writeFileSync(page, `${before}${start}\n${writeTable(found)}\n${end}${after}`)
}
