import { readFileSync } from 'node:fs'

/** Row → column → mark, as a page tells it, or as the tests found it. */
export type Matrix = ReadonlyMap<string, ReadonlyMap<string, string>>

/** What is read of a run of tests. */
interface Report {
  readonly testResults: readonly {
    readonly name: string
    readonly assertionResults: readonly {
      readonly ancestorTitles: readonly string[]
      readonly title: string
      readonly status: string
    }[]
  }[]
}

const file = 'reports/vitest.json'
const untried = '–'
const marks: Readonly<Record<string, string>> = {
  passed: '✓',
  failed: '✗',
  skipped: untried,
  pending: untried,
}
/** How many of what is missing are named. */
const mostNamed = 5

/** What the last run found: a row for each `describe` in files of the folder. Ends the program where there was no run. */
export function readReport(folder: string): Matrix {
  const matrix = new Map<string, Map<string, string>>()
  for (const { name, assertionResults } of parseReport().testResults) {
    if (!name.includes(folder)) continue
    for (const { ancestorTitles, title, status } of assertionResults) {
      const id = ancestorTitles.at(-1)
      if (id) matrix.set(id, (matrix.get(id) ?? new Map<string, string>()).set(title, marks[status] ?? '?'))
    }
  }
  return matrix
}

function parseReport(): Report {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Report
  } catch {
    console.error(`${file}: no report of a run of all tests. Run scripts/test first.`)
    process.exit(1)
  }
}

/** All tables of a page, as one. Names are without their quotes and links. */
export function readTables(text: string): Matrix {
  const matrix = new Map<string, Map<string, string>>()
  let columns: readonly string[] | undefined
  for (const line of text.split('\n')) {
    const [id = '', ...cells] = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replace(/^`(.*)`$|^\[(.*)\]\(.*\)$/, '$1$2'))
    if (!line.startsWith('|')) columns = undefined
    else if (!columns) columns = cells
    else if (id !== '---') {
      const row = cells.map((mark, index) => [columns?.[index] ?? '', mark] as const)
      matrix.set(id, new Map(row.filter(([, mark]) => mark !== '')))
    }
  }
  return matrix
}

export function transpose(matrix: Matrix): Matrix {
  const turned = new Map<string, Map<string, string>>()
  for (const [row, cells] of matrix) {
    for (const [column, mark] of cells)
      turned.set(column, (turned.get(column) ?? new Map<string, string>()).set(row, mark))
  }
  return turned
}

/**
 * Ends the program, before anything is written, where the page tells of what the run has not tried: a filter, a tier or a
 * missing service must not look like a promise that is gone. `--prune` says that it is gone.
 *
 * @param run The shortest one that tries all of the page.
 */
export function refuseToShrink(page: string, told: Matrix, found: Matrix, run: string): void {
  const missing = process.argv.includes('--prune') ? [] : missingOf(told, found)
  if (missing.length === 0) return
  const more = missing.length > mostNamed ? `; and ${missing.length - mostNamed} more` : ''
  console.error(`${page} is left as it is. The run in ${file} has not tried: ${missing.slice(0, mostNamed).join('; ')}${more}.
A filtered run, another tier, or a machine without one of the services tries only a part. Run first, with every service
there: ${run}. What was really removed goes with --prune.`)
  process.exit(1)
}

/** Columns and rows first, then single cells of those that are left. */
function missingOf(told: Matrix, found: Matrix): readonly string[] {
  const [toldColumns, foundColumns] = [transpose(told), transpose(found)]
  const cells = [...told].flatMap(([row, marks]) =>
    [...marks].flatMap(([column, mark]) => {
      const now = found.get(row)?.get(column)
      const lost = now === undefined || (now === untried && mark !== untried)
      return lost && found.has(row) && foundColumns.has(column) ? [`${row} on ${column}`] : []
    }),
  )
  const gone = (all: Matrix, left: Matrix) => [...all.keys()].filter((name) => !left.has(name))
  return [...gone(toldColumns, foundColumns), ...gone(told, found), ...cells]
}
