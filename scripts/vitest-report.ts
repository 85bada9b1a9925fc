import { readFileSync } from 'node:fs'

/** What the matrices read of a run of all tests. */
export interface Report {
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

/** That of the last run. Ends the program where there was none. */
export function readReport(): Report {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Report
  } catch {
    console.error(`${file}: no report of a run of all tests. Run scripts/test first.`)
    process.exit(1)
  }
}
