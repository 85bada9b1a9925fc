import { expect, test } from 'vitest'
import { Project, taskFile } from './project.ts'

interface Case {
  readonly words: readonly string[]
  readonly says: RegExp
  readonly code?: number
  readonly environment?: Readonly<Record<string, string>>
  readonly files?: Readonly<Record<string, string>>
}

const cases: Readonly<Record<string, Case>> = {
  'unknown command': {
    words: ['wroker'],
    says: /Unknown command 'tq wroker'. Did you mean 'worker'\?/,
    code: 2,
  },
  'unknown subcommand': { words: ['dead', 'lst'], says: /Did you mean 'list'/, code: 2 },
  'no subcommand': { words: ['dead'], says: /list, retry, drop/, code: 2 },
  'flag before the command': { words: ['--json', 'status'], says: /comes after the command/, code: 2 },
  'unknown flag': {
    words: ['worker', '--concurency', '3'],
    says: /Unknown flag '--concurency'. Did you mean '--concurrency'/,
    code: 2,
  },
  'flag without its value': { words: ['worker', '-A'], says: /-A, --app <value>' argument missing/, code: 2 },
  'one argument too many': {
    words: ['worker', '-A', 'a.ts', 'b.ts'],
    says: /'b.ts' is one argument too many/,
    code: 2,
  },
  'no task file': { words: ['worker'], says: /no task file/, code: 2 },
  'no task name': { words: ['call'], says: /TASK is missing/, code: 2 },
  'no queue': { words: ['purge', '--force'], says: /-Q \(--queues\) is missing/, code: 2 },
  'queues of the configuration are not purged': {
    words: ['purge', '--force'],
    files: { 'tq.config.ts': `export default { queues: ['default'] }` },
    says: /-Q \(--queues\) is missing/,
    code: 2,
  },
  'input that is not JSON': { words: ['call', 'add', '{x:1}'], says: /not JSON/, code: 2 },
  'file not found': { words: ['worker', '-A', 'nope.ts'], says: /'nope.ts' is not a file/ },
  'glob without a file': { words: ['worker', '-A', 'nope/*.ts'], says: /no file fits 'nope\/\*.ts'/ },
  'file that exports no app': {
    words: ['worker', '-A', 'empty.ts'],
    files: { 'empty.ts': 'export const one = 1' },
    says: /empty.ts: neither an app nor a task/,
  },
  'files of two apps': {
    words: ['worker', '-A', 'tasks.ts,other.ts'],
    files: { 'other.ts': taskFile },
    says: /two different apps/,
  },
  'syntax error': {
    words: ['worker', '-A', 'broken.ts'],
    files: { 'broken.ts': 'const a = 1\nexport const b = {{{\n' },
    says: /Cannot load broken.ts: .*Unexpected token \(broken.ts:2\)/,
  },
  'syntax error in JavaScript': {
    words: ['worker', '-A', 'broken.js'],
    files: { 'broken.js': 'const a = 1\nexport const b = {{{\n' },
    says: /Cannot load broken.js: .*Unexpected token \(broken.js:2\)/,
  },
  'file that throws': {
    words: ['worker', '-A', 'throws.ts'],
    files: { 'throws.ts': `\nthrow new TypeError('not today')` },
    says: /Cannot load throws.ts: TypeError: not today \(throws.ts:2\)/,
  },
  'missing package in the file': {
    words: ['worker', '-A', 'needs.ts'],
    files: { 'needs.ts': `import 'no-such-package'` },
    says: /Cannot load needs.ts: Cannot find package 'no-such-package'/,
  },
  'two tasks of one name': {
    words: ['worker', '-A', 'twice.ts'],
    files: { 'twice.ts': `${taskFile}\nexport const again = app.task({ name: 'add', run: () => 1 })` },
    says: /Two tasks are called 'add'/,
  },
  'broker that is not there': {
    words: ['status'],
    environment: { TQ_BROKER_URL: 'sqlite:/dev/null/q.db' },
    says: /sqlite/,
  },
  'worker whose broker is not there': {
    words: ['worker', '-A', 'tasks.ts'],
    environment: { TQ_BROKER_URL: 'sqlite:/dev/null/q.db' },
    says: /sqlite/,
  },
  'missing driver': {
    words: ['call', 'add'],
    environment: { TQ_BROKER_URL: 'redis://user:secret@localhost' },
    says: /npm install @tq\/redis/,
  },
  'unknown scheme': {
    words: ['call', 'add'],
    environment: { TQ_BROKER_URL: 'rabbit://user:secret@localhost' },
    says: /no scheme we know/,
  },
  'no broker': { words: ['status'], environment: { TQ_BROKER_URL: '' }, says: /Set TQ_BROKER_URL/ },
  'task file whose app has no broker': {
    words: ['call', 'add', '{"x":1,"y":2}', '-A', 'tasks.ts'],
    environment: { TQ_BROKER_URL: '' },
    says: /^tq: The app of the task file has no broker but memory, .* Set TQ_BROKER_URL .* or --broker/,
  },
  'memory of another process': {
    words: ['call', 'add'],
    environment: { TQ_BROKER_URL: 'memory:' },
    says: /lives inside one process/,
  },
  'concurrency that is no number': {
    words: ['worker', '-A', 'tasks.ts', '-c', 'many'],
    says: /--concurrency 'many'/,
    code: 2,
  },
  'size that is none': {
    words: ['worker', '-A', 'tasks.ts', '--max-memory', 'lots'],
    says: /not a size/,
    code: 2,
  },
  'duration that is none': {
    words: ['worker', '-A', 'tasks.ts', '--lease', '5x'],
    says: /^tq: --lease '5x' is not a duration/,
    code: 2,
  },
  'time to wait that is none': {
    words: ['call', 'add', '--countdown', 'yesterday'],
    says: /--countdown 'yesterday' is not a duration/,
    code: 2,
  },
  'port that is none': {
    words: ['dashboard', '--port', '99999'],
    says: /--port '99999' is not a port: 0 to 65535/,
    code: 2,
  },
  'level that is none': {
    words: ['worker', '-A', 'tasks.ts', '-l', 'loud'],
    says: /--loglevel 'loud'/,
    code: 2,
  },
  'variable that is neither true nor false': {
    words: ['status'],
    environment: { TQ_JSON: 'perhaps' },
    says: /TQ_JSON='perhaps'/,
    code: 2,
  },
  'queue name that is none': {
    words: ['worker', '-A', 'tasks.ts', '-Q', 'bad queue!'],
    says: /--queues: "bad queue!" is not a queue name/,
    code: 2,
  },
  'unknown id': { words: ['result', 'nobody'], says: /Nothing is known of task nobody/ },
  'configuration with an unknown key': {
    words: ['status'],
    files: { 'tq.config.ts': 'export default { brokr: 1 }' },
    says: /unknown 'brokr'/,
  },
  'configuration that exports nothing': {
    words: ['status'],
    files: { 'tq.config.ts': 'export const x = 1' },
    says: /must export default defineConfig/,
  },
  'development in production': {
    words: ['dev', '-A', 'tasks.ts'],
    environment: { NODE_ENV: 'production' },
    says: /not for production/,
  },
}

test.each(Object.entries(cases))(
  '%s: one line and an exit code',
  async (_, { words, says, code, environment, files }) => {
    const project = new Project(environment)
    project.write('tasks.ts', taskFile)
    for (const [name, text] of Object.entries(files ?? {})) project.write(name, text)
    const started = performance.now()
    const answer = await project.tq(words)
    expect(answer.stderr).toMatch(says)
    expect(answer.stderr).not.toContain('secret')
    expect(answer.stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(answer).toMatchObject({ code: code ?? 1, stdout: '' })
    expect(performance.now() - started).toBeLessThan(4_000)
  },
)

test('with --json errors are JSON', async () => {
  const { stderr, code } = await new Project().tq(['worker', '-A', 'nope.ts', '--json'])
  expect(code).toBe(1)
  expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'FILE_NOT_FOUND' } })
})

test('the stack is for those who debug', async () => {
  const project = new Project()
  const { stderr } = await project.tq(['worker', '-A', 'nope.ts'], { TQ_LOG_LEVEL: 'debug' })
  expect(stderr.split('\n').length).toBeGreaterThan(3)
})

test('a broker that never answers is given up in time', async () => {
  const project = new Project()
  project.write(
    'tasks.ts',
    `import { createApp } from '@tq/core'
const createBroker = () => ({ name: 'mute', open: () => new Promise((resolve) => setTimeout(resolve, 60_000)) })
export const app = createApp({ broker: 'mute://user:secret@host', adapters: [{ name: 'mute', schemes: ['mute'], createBroker }] })`,
  )
  const { code, stderr } = await project.tq(['worker', '-A', 'tasks.ts', '--connect-timeout', '200ms'])
  expect(code).toBe(1)
  expect(stderr).toMatch(/did not answer within 200ms/)
})
