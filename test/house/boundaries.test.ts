import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'

// A check that cannot fail checks nothing: each rule is broken once, in a small house of the same shape.

const checker = join(import.meta.dirname, '../../scripts/check-boundaries')
const coreManifest = JSON.stringify({
  name: '@tq/core',
  type: 'module',
  exports: { '.': { '@tq/source': './src/index.ts' }, './driver': { '@tq/source': './src/driver.ts' } },
})
const sound: Readonly<Record<string, string>> = {
  'packages/core/package.json': coreManifest,
  'packages/core/src/contracts/broker.ts': 'export interface Broker {}',
  'packages/core/src/errors/tq-error.ts':
    "import type { Broker } from '../contracts/broker.ts'\nexport const from = (b: Broker) => b",
  'packages/core/src/task/task.ts': 'export interface Task {}\nexport const task = 1',
  'packages/core/src/policy/retry.ts':
    "import type { Task } from '../task/task.ts'\nexport const retry = (t: Task) => t",
  'packages/core/src/producer/send.ts': 'export const send = 1',
  // Types may refer to each other: nothing is loaded.
  'packages/core/src/task/left.ts':
    "import type { Right } from './right.ts'\nexport interface Left { right: Right }",
  'packages/core/src/task/right.ts':
    "import type { Left } from './left.ts'\nexport interface Right { left: Left }",
  'packages/core/src/index.ts': "export * from './errors/tq-error.ts'",
  'packages/core/src/driver.ts': "export * from './contracts/broker.ts'",
  'packages/sqlite/src/index.ts':
    "import type { Broker } from '@tq/core/driver'\nexport const sqlite = (b: Broker) => b",
  'packages/redis/src/index.ts': 'export const redis = 1',
}
const houses: string[] = []

function build(files: Readonly<Record<string, string>>): string {
  const house = realpathSync(mkdtempSync(join(tmpdir(), 'tq-house-')))
  houses.push(house)
  for (const [name, text] of Object.entries({ ...sound, ...files })) {
    mkdirSync(dirname(join(house, name)), { recursive: true })
    writeFileSync(join(house, name), `${text}\n`)
  }
  mkdirSync(join(house, 'node_modules/@tq'), { recursive: true })
  symlinkSync(join(house, 'packages/core'), join(house, 'node_modules/@tq/core'))
  return house
}

/** What the checker says of the sound house with these files changed. */
async function verdict(files: Readonly<Record<string, string>>): Promise<string> {
  try {
    return (await promisify(execFile)(checker, [build(files)])).stdout
  } catch (error) {
    return String((error as { stdout?: unknown }).stdout)
  }
}

afterAll(() => {
  for (const house of houses) rmSync(house, { recursive: true })
})

/** Each rule, and a file that breaks it. */
const broken: readonly (readonly [rule: string, file: string, text: string])[] = [
  ['no-cycle', 'packages/core/src/task/a.ts', "import './b.ts'"],
  ['core-contracts', 'packages/core/src/contracts/a.ts', "import '../errors/tq-error.ts'"],
  ['core-contracts', 'packages/core/src/contracts/b.ts', "export type { Task } from '../task/task.ts'"],
  ['core-policy-task-types-only', 'packages/core/src/policy/a.ts', "import '../task/task.ts'"],
  ['core-producer', 'packages/core/src/producer/a.ts', "import '../index.ts'"],
  ['core-worker', 'packages/core/src/worker/a.ts', "import '../producer/send.ts'"],
  ['core-memory', 'packages/core/src/memory/a.ts', "import '../task/task.ts'"],
  ['core-stands-alone', 'packages/core/src/task/c.ts', "import '../../../cli/src/main.ts'"],
  ['core-has-known-folders', 'packages/core/src/index.ts', "export * from './attic/a.ts'"],
  [
    'core-and-conformance-know-no-driver',
    'packages/conformance/src/a.ts',
    "import '../../redis/src/index.ts'",
  ],
  ['driver-imports-driver-entry', 'packages/sqlite/src/a.ts', "import { from } from '@tq/core'"],
  ['driver-sqlite-stands-alone', 'packages/sqlite/src/b.ts', "import '../../redis/src/index.ts'"],
  ['packages-by-their-entry', 'packages/cli/src/a.ts', "import '../../redis/src/index.ts'"],
  ['unresolved', 'packages/cli/src/b.ts', "import './nowhere.ts'"],
]

describe('check-boundaries', () => {
  test('accepts a sound house', async () => {
    expect(await verdict({})).toContain('no dependency violations found')
  })

  test('finds every broken rule', async () => {
    const files = Object.fromEntries(broken.map(([, file, text]) => [file, text]))
    const found = await verdict({
      ...files,
      'packages/core/src/task/b.ts': "import './a.ts'",
      'packages/cli/src/main.ts': '',
      'packages/core/src/attic/a.ts': 'export const old = 1',
    })
    for (const [rule, file] of broken) expect(found).toContain(`error ${rule}: ${file}`)
  })
})
