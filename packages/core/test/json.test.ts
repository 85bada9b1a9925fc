import { describe, expect, test } from 'vitest'
import type { TqError } from '../src/errors/tq-error.ts'
import { checkJson } from '../src/task/json.ts'

const cyclic: { self?: unknown } = {}
cyclic.self = cyclic
let deep: unknown = 1
for (let level = 0; level < 10_000; level++) deep = { deep }

describe('what JSON cannot carry is refused with the path to it', () => {
  test.each<[string, unknown, string | RegExp]>([
    ['undefined in an object', { a: { b: undefined } }, 'a.b'],
    ['undefined in an array', [1, undefined], '[1]'],
    ['a hole in an array', Object.assign(new Array(3), { 0: 1, 2: 2 }), '[1]'],
    ['BigInt', { big: 1n }, 'big'],
    ['Date', { when: [new Date()] }, 'when[0]'],
    ['Map', { map: new Map() }, 'map'],
    ['a class', { user: new (class User {})() }, 'user'],
    ['NaN', { a: Number.NaN }, 'a'],
    ['Infinity', [Number.POSITIVE_INFINITY], '[0]'],
    ['a function', { f: () => 1 }, 'f'],
    ['a symbol', { s: Symbol('s') }, 's'],
    ['a key that is no identifier', { 'a b': { c: undefined } }, '["a b"].c'],
    ['__proto__', JSON.parse('{"a":{"__proto__":{"admin":true}}}'), 'a'],
    ['a cycle', cyclic, /^self\.self/],
    ['depth 10,000', deep, /^deep\.deep/],
  ])('%s', (_, value, path) => {
    let thrown: TqError | undefined
    try {
      checkJson(value, 'input')
    } catch (error) {
      thrown = error as TqError
    }
    expect(thrown?.code).toBe('INVALID_PAYLOAD')
    expect(thrown?.details['path']).toEqual(typeof path === 'string' ? path : expect.stringMatching(path))
  })
})

test.each([
  ['lone surrogates', '\ud800 and \udfff'],
  ['every kind of plain value', { a: [1, -1.5, 'x', true, null, { b: {} }], c: '' }],
  ['depth 99', JSON.parse('['.repeat(99) + ']'.repeat(99))],
])('%s comes back equal', (_, value) => {
  checkJson(value, 'input')
  expect(JSON.parse(JSON.stringify(value))).toEqual(value)
})
