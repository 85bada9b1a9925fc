import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const house = mkdtempSync(join(tmpdir(), 'tq-matrices-'))

interface Answer {
  readonly code: number
  readonly said: string
}

/** Runs a script on the pages and the report of this house. */
function run(script: string, ...flags: readonly string[]): Promise<Answer> {
  const file = join(import.meta.dirname, '../../scripts', script)
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [file, ...flags], { cwd: house }, (_, stdout, stderr) => {
      resolve({ code: child.exitCode ?? 1, said: stdout + stderr })
    })
  })
}

/** `id | column` → status, as vitest reports tests in files of a folder. */
function report(folder: string, tests: Readonly<Record<string, string>>): void {
  const assertionResults = Object.entries(tests).map(([test, status]) => {
    const [id = '', title = ''] = test.split(' | ')
    return { ancestorTitles: [id], title, status }
  })
  const name = `/somewhere/test/${folder}/one.test.ts`
  writeFileSync(
    join(house, 'reports/vitest.json'),
    JSON.stringify({ testResults: [{ name, assertionResults }] }),
  )
}

beforeAll(() => {
  for (const folder of ['reports', 'docs']) mkdirSync(join(house, folder))
  const marks = ['<!-- apps: written by scripts/app-matrix.ts -->', '<!-- /apps -->']
  writeFileSync(join(house, 'README.md'), `# Read me\n\n${marks.join('\n')}\n\nThe end.\n`)
  writeFileSync(join(house, 'docs/feature-matrix.md'), '')
})

afterAll(() => rmSync(house, { recursive: true }))

const whole = {
  'limits/rate | redis': 'passed',
  'limits/rate | memory, no backend': 'skipped',
  'limits/unique | redis': 'passed',
  'limits/unique | memory, no backend': 'passed',
}

const without = (ends: string) =>
  Object.fromEntries(Object.entries(whole).filter(([test]) => !test.includes(ends)))

/** What a part of the tests leaves in the report, and what of the page it has not tried. */
const parts: Readonly<Record<string, readonly [tests: Readonly<Record<string, string>>, missing: string]>> = {
  'another tier': [without('| redis'), 'tried: redis.'],
  'files that were filtered': [without('limits/rate'), 'tried: limits/rate.'],
  'tests that were filtered by name': [
    { ...whole, 'limits/rate | redis': 'skipped' },
    'tried: limits/rate on redis.',
  ],
  'a service that is missing': [
    { ...without('| redis'), 'limits/rate | redis (no server)': 'skipped' },
    'tried: redis.',
  ],
  'no test at all': [{}, 'tried: memory, no backend; redis; limits/rate; limits/unique.'],
}

// Both pages are made of the same report, so that what is missing has the same names.
describe.each([
  ['feature-matrix.ts', 'features', 'docs/feature-matrix.md', 'scripts/test '],
  ['app-matrix.ts', 'apps', 'README.md', 'TQ_TEST_TIER=full scripts/test'],
])('%s', (script, folder, page, remedy) => {
  const text = () => readFileSync(join(house, page), 'utf8')

  beforeAll(async () => {
    report(folder, whole)
    expect(await run(script)).toEqual({ code: 0, said: '' })
    expect(text()).toContain('✓')
  })

  test('writes the same of the same report, and checks it', async () => {
    report(folder, whole)
    const before = text()
    expect(await run(script)).toEqual({ code: 0, said: '' })
    expect(text()).toBe(before)
    expect(await run(script, '--check')).toEqual({ code: 0, said: '' })
    report(folder, { ...whole, 'limits/rate | redis': 'failed' })
    expect(await run(script, '--check')).toMatchObject({ code: 1, said: expect.stringContaining(page) })
  })

  test.each(Object.entries(parts))('%s: the page is not made shorter', async (_, [tests, missing]) => {
    report(folder, tests)
    const before = text()
    const { code, said } = await run(script)
    expect(said).toContain(missing)
    expect(said).toContain(remedy)
    expect(said).toContain('--prune')
    expect(code).toBe(1)
    expect(text()).toBe(before)
  })

  test('what is new comes in, and what was removed goes with --prune', async () => {
    report(folder, { ...whole, 'limits/rate | toy': 'passed' })
    expect(await run(script)).toMatchObject({ code: 0 })
    expect(text()).toContain('toy')
    report(folder, whole)
    expect(await run(script)).toMatchObject({ code: 1 })
    expect(await run(script, '--prune')).toEqual({ code: 0, said: '' })
    expect(text()).not.toContain('toy')
  })
})

test('a check of the sample applications is content with a part that the table tells', async () => {
  report('apps', without('| redis'))
  expect(await run('app-matrix.ts', '--check')).toEqual({ code: 0, said: '' })
})
