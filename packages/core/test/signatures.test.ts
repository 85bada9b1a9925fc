import { expect, test } from 'vitest'
import { chain, chord, createApp, group, type } from '../src/index.ts'

// What the compiler refuses, and JavaScript lets through: no workflow of nothing comes of it.

const app = createApp({ broker: 'memory:' })
const parse = app.task({ name: 'parse', input: type<string>(), run: (path) => path })
/** As callers without types hand it over. */
const untyped = (value: unknown): never => value as never

test.each<[string, () => unknown, string]>([
  [
    'a task in a chain',
    () => chain(untyped(parse)),
    "chain: step 1 is the task 'parse', not its signature: write .s()",
  ],
  [
    'nothing in a chain',
    () => chain(parse.s('a'), untyped(undefined)),
    'chain: step 2 is undefined, not a signature',
  ],
  [
    'one that is sent',
    () => chain(untyped(parse.delay('a'))),
    'chain: step 1 is a task that is sent already',
  ],
  ['no list', () => group(untyped(undefined)), 'group: child: give a list of them; it is undefined'],
  [
    'a task for a list',
    () => group(untyped(parse)),
    "group: child: give a list of them; it is the task 'parse'",
  ],
  ['a task in a group', () => group([parse.s('a'), untyped(parse)]), "group: child 2 is the task 'parse'"],
  ['a number as a body', () => chord([parse.s('a')], untyped(5)), 'chord: body 1 is number, not a signature'],
  ['a callback', () => parse.s('a').onError(untyped(parse)), "onError: callback 1 is the task 'parse'"],
])('%s', (_, make, message) => {
  expect(make).toThrow(
    expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringContaining(message) }),
  )
})
