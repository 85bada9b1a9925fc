// Pages that list everything of a kind: they are compared with the code.
import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { appOptionNames } from '../../packages/core/src/app/app-options.ts'
import { sendOptionNames } from '../../packages/core/src/runtime/outgoing.ts'
import { taskSettingNames } from '../../packages/core/src/task/task-policy.ts'

const root = new URL('../../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')

/** What stands in backticks anywhere in the first column of a page's tables. */
function firstColumn(page: string): ReadonlySet<string> {
  const cells = [...page.matchAll(/^\| ([^|]*) \|/gm)].map(([, cell = '']) => cell)
  return new Set(cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word)))
}

const missing = (expected: Iterable<string>, found: ReadonlySet<string>) =>
  [...expected].filter((name) => !found.has(name))

test('the page of the envelope names every field, and no other', () => {
  const source = read('packages/core/src/task/envelope.ts')
  const body = /export interface Envelope \{([\s\S]*?)\n\}/.exec(source)?.[1] ?? ''
  const fields = [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, name = '']) => name)
  const named = firstColumn(read('docs/envelope.md'))
  expect(fields.length).toBeGreaterThan(20)
  expect(missing(fields, named)).toEqual([])
  expect(missing(named, new Set(fields))).toEqual([])
})

test('the page of settings names every option of an app, a task and a call', () => {
  // `retry.backoff` stands for `retry`, `middleware.send` for `middleware`.
  const named = new Set([...firstColumn(read('docs/settings.md'))].map((name) => name.replace(/\..*/, '')))
  expect(missing(appOptionNames, named)).toEqual([])
  expect(missing(taskSettingNames, named)).toEqual([])
  expect(missing(sendOptionNames, named)).toEqual([])
})

test('the page of troubles explains every error code, and no other', () => {
  const union = /export type TqErrorCode =([\s\S]*?)\n\n/.exec(read('packages/core/src/errors/tq-error.ts'))
  const ofCore = [...(union?.[1] ?? '').matchAll(/'([A-Z_]+)'/g)].map(([, code = '']) => code)
  expect(ofCore.length).toBeGreaterThan(30)
  // What the command line and the dashboard's API say besides.
  const others = globSync('packages/*/src/**/*.ts', { cwd: root }).flatMap((path) =>
    [...read(path).matchAll(/new \w+\(\s*(?:\d+,\s*)?'([A-Z_]{4,})'|\bcode: '([A-Z_]{4,})'/g)].map(
      ([, thrown, told]) => thrown ?? told ?? '',
    ),
  )
  expect(others).toContain('SEVERAL_APPS')
  expect(others).toContain('TOO_MANY_LOGINS')
  const codes = new Set([...ofCore, ...others])
  const named = firstColumn(read('docs/guide/troubleshooting.md'))
  expect(missing(codes, named)).toEqual([])
  const words = [...named].filter((word) => /^[A-Z]+(_[A-Z]+)*$/.test(word) && !/^TQ_/.test(word))
  expect(words.filter((word) => !codes.has(word))).toEqual([])
})
