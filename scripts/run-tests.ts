// Runs every check and every test; see scripts/test. The last line it prints is the sum: 'N passed, N failed'.
// A check (lint, types, …) counts as one; so does each test, and a test file that could not be loaded.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'

type Command = readonly [program: string, ...args: string[]]

const bin = (name: string, ...args: string[]): Command => [`node_modules/.bin/${name}`, ...args]
const turbo = (task: string): Command => bin('turbo', 'run', task, '--output-logs=errors-only')

const build: Command = turbo('build')
const checks: Readonly<Record<string, Command>> = {
  lint: bin('biome', 'check', '--error-on-warnings'),
  'types, TypeScript 6': ['node', 'node_modules/typescript/bin/tsc'],
  'types, TypeScript 7': turbo('typecheck'),
  boundaries: ['scripts/check-boundaries'],
  'unused files, exports, dependencies': bin('knip'),
  'packages as published': turbo('check:package'),
  'chart of the benchmark': ['node', 'scripts/bench-chart.ts', '--check'],
  ...(process.env['TQ_TEST_TIER'] === 'full'
    ? { 'rehearsal of a release': ['scripts/rehearse-release'], 'documentation site': ['scripts/docs'] }
    : { 'packages in a clean project': ['scripts/rehearse-release', '--short'] }),
}
/** One per core of the smallest machine we care about. */
const checksAtOnce = 2
/** Of the run of everything: the matrices are made from it. */
const wholeReport = 'reports/vitest.json'

/** A test that ran out of time can keep its process, and with it the runner, from ending. */
const longestEndMs = 60_000

/** What failed, and the first lines of why: said once more at the end, where it is found. */
const failures: string[] = []
/** What passed when it was tried again, likewise: either it goes by the clock of a busy machine, or there is a race. */
const doubtful: string[] = []
/** A machine of CI may stand still for seconds. Elsewhere the first failure is looked at. */
const retries = process.env['CI'] === 'true' ? 1 : 0
const total = { passed: 0, failed: 0, skipped: 0 }

function run([program, ...args]: Command): Promise<{ ok: boolean; output: string }> {
  return new Promise((resolve) => {
    let output = ''
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    const keep = (chunk: Buffer) => {
      output += chunk.toString()
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.on('error', (error) => resolve({ ok: false, output: `${output}${error.message}\n` }))
    child.on('close', (code) => resolve({ ok: code === 0, output }))
  })
}

/** Runs the tests; ends them and what they left running when the report is there and the runner does not end. */
function runVitest(
  args: readonly string[],
  report: string,
  more: Readonly<Record<string, string>>,
): Promise<boolean> {
  return new Promise((resolve) => {
    const [program, ...rest] = bin('vitest', 'run', ...args)
    // A group of its own, so that all of it can be ended.
    const child = spawn(program, rest, {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...more },
      detached: true,
    })
    const endAll = (signal: NodeJS.Signals) => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, signal)
      } catch {
        // None is left.
      }
    }
    process.once('SIGINT', endAll).once('SIGTERM', endAll)
    let reportedAt: number | undefined
    const look = setInterval(() => {
      if (!existsSync(report)) return
      reportedAt ??= performance.now()
      if (performance.now() - reportedAt < longestEndMs) return
      clearInterval(look)
      failures.push('the test runner did not end by itself: a test left something running')
      endAll('SIGKILL')
    }, 1_000)
    const settle = (ok: boolean) => {
      clearInterval(look)
      process.off('SIGINT', endAll).off('SIGTERM', endAll)
      endAll('SIGKILL')
      resolve(ok)
    }
    child.on('error', () => settle(false))
    child.on('exit', (code) => settle(code === 0))
  })
}

/** Runs a command silently; shows what it said only if it fails. */
async function check(name: string, command: Command): Promise<void> {
  const start = performance.now()
  const { ok, output } = await run(command)
  total[ok ? 'passed' : 'failed'] += 1
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  console.log(`${ok ? '✓' : '✗'} ${name} (${seconds} s)`)
  if (ok) return
  console.log(output)
  failures.push(name)
}

async function checkAll(): Promise<void> {
  const waiting = Object.entries(checks)
  const lane = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await check(...next)
  }
  await Promise.all(Array.from({ length: checksAtOnce }, lane))
}

interface VitestReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly message: string
    readonly assertionResults: readonly {
      readonly fullName: string
      readonly status: string
      readonly failureMessages: readonly string[]
    }[]
  }[]
}

const firstLines = (text: string): string => text.split('\n').slice(0, 3).join(' ').slice(0, 400)

function readReport(report: string): VitestReport | undefined {
  try {
    return JSON.parse(readFileSync(report, 'utf8')) as VitestReport
  } catch {
    return undefined
  }
}

async function test(
  filters: readonly string[],
  report = wholeReport,
  environment: Readonly<Record<string, string>> = {},
): Promise<void> {
  rmSync(report, { force: true })
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const ok = await runVitest([`--retry=${retries}`, ...reporters, ...filters], report, environment)
  const result = readReport(report)
  const passed = result?.numPassedTests ?? 0
  const unloaded = result?.testResults.filter((f) => f.status === 'failed' && f.assertionResults.length === 0)
  for (const { name, message } of unloaded ?? []) failures.push(`${name}: ${firstLines(message)}`)
  for (const { name, assertionResults } of result?.testResults ?? []) {
    for (const { fullName, status, failureMessages } of assertionResults) {
      if (failureMessages.length === 0) continue
      const told = `${name} > ${fullName}: ${firstLines(failureMessages[0] ?? '')}`
      if (status === 'failed') failures.push(told)
      else doubtful.push(told)
    }
  }
  let failed = (result?.numFailedTests ?? 0) + (unloaded?.length ?? 0)
  // An error outside any test, a crash of the runner, no test at all: never a success.
  if (failed === 0 && (!ok || passed === 0)) failed = 1
  if (passed + (result?.numFailedTests ?? 0) === 0) console.log('No test ran.')
  total.passed += passed
  total.failed += failed
  total.skipped += (result?.numPendingTests ?? 0) + (result?.numTodoTests ?? 0)
}

await check('build', build)
await checkAll()
const filters = process.argv.slice(2)
await test(filters)
// The emulators of SQS are wrong in different places, and none has bad days: every promise again, on the others.
if (filters.length === 0 && process.env['TQ_TEST_TIER'] === 'full') {
  for (const service of ['elasticmq', 'bad-day']) {
    const environment = { TQ_TEST_SQS: service, TQ_TEST_PAIRS: 'sqs' }
    await test(['--project', 'test', 'test/features'], `reports/vitest-sqs-${service}.json`, environment)
  }
}
// The page tells of all brokers: only a run of everything, with every service there, can say whether it is right.
if (filters.length === 0 && process.env['CI']) {
  await check('feature matrix', ['node', 'scripts/feature-matrix.ts', '--check'])
  await check('matrix of sample applications', ['node', 'scripts/app-matrix.ts', '--check'])
}
for (const test of doubtful) console.log(`↻ passed when it was tried again: ${test}`)
for (const failure of failures) console.log(`✗ ${failure}`)
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : ''
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`)
process.exitCode = total.failed > 0 ? 1 : 0
