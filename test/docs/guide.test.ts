// Every snippet of the guide: type-checked, and run where it says so.
import { execFile } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { filesOf, shellLines } from './blocks.ts'
import { PageFolder } from './page-folder.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
// Inside the workspace, so that the packages are found.
const folder = mkdtempSync(join(root, 'test/docs/.guide-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const pages = ['docs/guide/*.md', 'docs/from-celery.md']
  .flatMap((pattern) => globSync(join(root, pattern)))
  .sort()
  .map((path) => {
    const page = pathToFileURL(path)
    const name = basename(path, '.md')
    return { name, page, folder: new PageFolder(page, join(folder, name), filesOf(page)) }
  })

test('every snippet passes the compiler', async () => {
  const compilerOptions = { noEmit: true, noUnusedLocals: false, noUnusedParameters: false }
  const config = { extends: '../../../tsconfig.base.json', compilerOptions, include: ['*/*.ts'] }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const problems = await promisify(execFile)(process.execPath, [tsc, '-p', folder]).then(
    () => '',
    ({ stdout }: { stdout: string }) => stdout,
  )
  expect(problems).toBe('')
})

/** Some pages only name commands. */
const withPrograms = pages.filter(
  ({ page, folder: { programs, tests } }) =>
    programs.length + tests.length + shellLines(page, 'run').length > 0,
)

describe.each(withPrograms)('$name', ({ name, page, folder: files }) => {
  const inProcesses = files.workers.length > 0
  beforeAll(() => files.startWorkers())
  afterAll(() => files.stopWorkers())

  describe.each(files.programs)('$name', (program) => {
    const agrees = (printed: string) => {
      if (program.prints !== undefined) expect(printed).toBe(program.prints)
    }
    if (inProcesses)
      test("on SQLite, beside the page's workers", async () => agrees(await files.runOnSqlite(program)))
    // What is promised to be the same as elsewhere is tried twice.
    if (!inProcesses || name === 'from-celery')
      test('in memory, in one process', async () => agrees(await files.runInMemory(program)))
  })

  for (const tests of files.tests) test(tests.name, () => files.runVitest(tests))

  if (shellLines(page, 'run').length > 0) test('its commands', () => files.runLines())
})

/** Commands of commands. */
const grouped: ReadonlySet<string> = new Set(['dead', 'inspect', 'control', 'schedules'])

test('every tq command that any page names is one, with flags that it knows', async () => {
  const unknown: string[] = []
  const helps = new Map<string, Promise<string>>()
  for (const path of globSync([join(root, 'README.md'), join(root, 'docs/**/*.md')])) {
    const page = pathToFileURL(path)
    for (const line of ['run', 'worker', undefined].flatMap((mark) => shellLines(page, mark))) {
      const words = /(?:^|\bnpx |&& )tq (.*?)(?: &)?$/.exec(line)?.[1]?.split(/\s+/)
      if (!words || words[0] === '--version') continue
      const command = words.slice(0, grouped.has(words[0] ?? '') ? 2 : 1)
      const name = command.join(' ')
      if (!helps.has(name)) helps.set(name, helpOf(command))
      const help = await helps.get(name)
      const flags = words.filter((word) => /^-/.test(word)).map((word) => word.replace(/=.*/, ''))
      const wrong = flags.filter((flag) => !new RegExp(`(^|[\\s,])${flag}\\b`, 'm').test(help ?? ''))
      if (help === undefined || wrong.length > 0)
        unknown.push(`${basename(path)}: ${line} (${wrong.join(' ')})`)
    }
  }
  expect(unknown).toEqual([])
})

async function helpOf(command: readonly string[]): Promise<string> {
  const main = join(root, 'packages/cli/src/main.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [
    '-C',
    '@tq/source',
    main,
    ...command,
    '--help',
  ])
  return stdout
}

test('every link between pages leads somewhere, to the heading it names', () => {
  const broken: string[] = []
  for (const path of globSync([
    join(root, '*.md'),
    join(root, 'docs/**/*.md'),
    join(root, 'apps/*/README.md'),
  ])) {
    for (const [, target = ''] of readFileSync(path, 'utf8').matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^(https?|mailto):/.test(target)) continue
      const [file = '', anchor] = target.split('#')
      const to = file === '' ? path : join(dirname(path), file)
      const text = textOf(to)
      if (text === undefined || (anchor && !anchorsOf(text).has(anchor)))
        broken.push(`${path.slice(root.length)}: ${target}`)
    }
  }
  expect(broken).toEqual([])
})

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EISDIR' ? '' : undefined
  }
}

/** As GitHub makes them. */
function anchorsOf(text: string): ReadonlySet<string> {
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading)
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replace(/\s/g, '-'),
    ),
  )
}
