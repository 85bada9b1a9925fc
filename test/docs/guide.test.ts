// Every snippet of the guide: type-checked, and run where it says so.
import { execFile } from 'node:child_process'
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readPages } from '../../docs/site/pages.ts'
import { type OpenPair, pairs } from '../features/pairs.ts'
import { filesOf, type PageFile, shellLines } from './blocks.ts'
import { type Deployment, PageFolder } from './page-folder.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
// Inside the workspace, so that the packages are found.
const folder = mkdtempSync(join(root, 'test/docs/.guide-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What the pieces in the README of a package import beside it. */
const usualTasks = `import { createApp, type } from '@tq/core'
export const app = createApp()
export const add = app.task({ name: 'add', input: type<{ x: number; y: number }>(), run: ({ x, y }) => x + y })
`

/** In the packages' own folders, where what they depend on is found. */
const besidePackages = globSync(['packages/*/README.md', 'docs/drivers/*.md'], { cwd: root }).flatMap(
  (path) => {
    const files = filesOf(pathToFileURL(join(root, path)))
    if (files.length === 0) return []
    const place = mkdtempSync(join(root, path.startsWith('docs') ? 'test/docs' : dirname(path), '.guide-'))
    for (const { name, code } of [{ name: 'tasks.ts', code: usualTasks }, ...files])
      writeFileSync(join(place, name), code)
    return [place]
  },
)
afterAll(() => {
  for (const place of besidePackages) rmSync(place, { recursive: true, force: true })
})

const pages = ['docs/guide/*.md', 'docs/from-celery.md']
  .flatMap((pattern) => globSync(join(root, pattern)))
  .sort()
  .map((path) => {
    const page = pathToFileURL(path)
    const name = basename(path, '.md')
    return { name, page, folder: new PageFolder(page, join(folder, name), filesOf(page)) }
  })

test('every snippet passes the compiler', async () => {
  expect(besidePackages.length).toBeGreaterThan(10)
  const compilerOptions = { noEmit: true, noUnusedLocals: false, noUnusedParameters: false }
  const config = {
    extends: '../../../tsconfig.base.json',
    compilerOptions,
    include: ['*/*.ts', ...besidePackages.map((place) => `${place}/*.ts`)],
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const problems = await promisify(execFile)(process.execPath, [tsc, '-p', folder]).then(
    () => '',
    ({ stdout }: { stdout: string }) => stdout,
  )
  expect(problems).toBe('')
}, 240_000)

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
    if (inProcesses)
      test("on SQLite, beside the page's workers", async () => agree(program, await files.runBeside(program)))
    // What is promised to be the same as elsewhere is tried on every broker: here and below.
    if (!inProcesses || (name === 'from-celery' && process.env['TQ_TEST_TIER'] === 'full'))
      test('in memory, in one process', async () => agree(program, await files.runInMemory(program)))
  })

  for (const tests of files.tests) test(tests.name, () => files.runVitest(tests), 120_000)

  if (shellLines(page, 'run').length > 0) test('its commands', () => files.runLines())
})

/** The other brokers, with their usual backends. */
const elsewhere = pairs.filter(({ name }) => ['redis', 'rabbitmq × sqlite', 'sqs × sqlite'].includes(name))

describe('what Celery and ARQ do is done on every broker', { timeout: 240_000 }, () => {
  for (const pair of elsewhere)
    test.skipIf(pair.missing !== undefined)(pair.name, async () => {
      const page = new URL('../../docs/from-celery.md', import.meta.url)
      const open = pair.open()
      const place = join(folder, `from-celery on ${pair.name}`)
      const files = new PageFolder(page, place, filesOf(page), deploymentOf(open))
      try {
        await files.startWorkers()
        expect(files.programs.length).toBeGreaterThan(12)
        const waiting = [...files.programs]
        const lane = async () => {
          for (let program = waiting.shift(); program; program = waiting.shift())
            agree(program, await files.runBeside(program))
        }
        await Promise.all([lane(), lane()])
      } finally {
        await files.stopWorkers()
        open.close()
      }
    })
})

function agree({ name, prints }: PageFile, printed: string): void {
  if (prints !== undefined) expect(`${name}: ${printed}`).toBe(`${name}: ${prints}`)
}

function deploymentOf({ options: { broker, backend, namespace } }: OpenPair): Deployment {
  if (typeof broker !== 'string') throw new Error('a page is told its broker by a URL')
  return {
    TQ_BROKER_URL: broker,
    ...(typeof backend === 'string' ? { TQ_BACKEND_URL: backend } : {}),
    ...(namespace === undefined ? {} : { TQ_NAMESPACE: namespace }),
  }
}

/** Commands of commands. */
const grouped: ReadonlySet<string> = new Set(['dead', 'inspect', 'control', 'schedules'])

test('every tq command that any page names is one, with flags that it knows', async () => {
  const lines = readPages().flatMap(({ source }) => {
    const page = pathToFileURL(join(root, source))
    return ['run', 'worker', undefined].flatMap((mark) =>
      shellLines(page, mark).map((line) => ({ line: `${source}: ${line}`, words: wordsOf(line) })),
    )
  })
  const helps = new Map<string, Promise<string>>()
  const wrong = lines.map(async ({ line, words }) => {
    if (!words || words[0] === '--version') return []
    const command = words.slice(0, grouped.has(words[0] ?? '') ? 2 : 1)
    const name = command.join(' ')
    if (!helps.has(name)) helps.set(name, helpOf(command))
    const help = await helps.get(name)?.catch(() => undefined)
    const flags = words.filter((word) => /^-/.test(word)).map((word) => word.replace(/=.*/, ''))
    const unknown = flags.filter((flag) => !new RegExp(`(^|[\\s,])${flag}\\b`, 'm').test(help ?? ''))
    return help === undefined || unknown.length > 0 ? [`${line} (${unknown.join(' ')})`] : []
  })
  expect((await Promise.all(wrong)).flat()).toEqual([])
  expect(helps.size).toBeGreaterThan(15)
})

/** What follows `tq` in a line. */
function wordsOf(line: string): readonly string[] | undefined {
  return /(?:^|\bnpx |\.bin\/|&& )tq (.*?)(?: &)?$/.exec(line)?.[1]?.split(/\s+/)
}

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
