import { describe, expect, test } from 'vitest'
import { bytes, milliseconds, port, queueNames, wholeNumber } from '../src/flags/convert.ts'
import { readValues } from '../src/flags/read-values.ts'
import { formatJson, formatPretty } from '../src/log/format.ts'
import { hidePasswords } from '../src/output/hide-passwords.ts'
import { age, table } from '../src/output/print.ts'
import { suggest } from '../src/output/suggest.ts'
import { workerFlags } from '../src/worker/worker-flags.ts'

describe('values', () => {
  const flags = {
    file: { type: 'positional', description: '' },
    level: { type: 'string', description: '', env: 'TQ_LEVEL' },
    list: { type: 'string', description: '', alias: 'L', env: 'TQ_LIST', multiple: true },
    fast: { type: 'boolean', description: '', env: 'TQ_FAST' },
  } as const
  const read = (words: readonly string[], environment = {}, config = {}) =>
    readValues('tq x', flags, words, { environment, config })

  test('come from the flag, else the environment, else the file', () => {
    const environment = { TQ_LEVEL: 'environment', TQ_LIST: 'c', TQ_FAST: '1' }
    const config = { level: 'config', list: ['d', 'e'], fast: true }
    expect(read(['f', '--level', 'flag', '-L', 'a,b', '-L', 'c', '--no-fast'], environment, config)).toEqual({
      file: 'f',
      level: 'flag',
      list: ['a', 'b', 'c'],
      fast: false,
    })
    expect(read([], environment, config)).toMatchObject({ level: 'environment', list: ['c'], fast: true })
    expect(read([], {}, config)).toMatchObject({ level: 'config', list: ['d', 'e'], fast: true })
    expect(read([])).toEqual({ file: undefined, level: undefined, list: [], fast: false })
  })

  test('that are none are refused by the name of what said them', () => {
    const refusal = (words: readonly string[], environment = {}, config = {}) => {
      try {
        return readValues('tq worker', workerFlags, words, { environment, config })
      } catch (error) {
        return error
      }
    }
    const usage = (text: RegExp) => ({ exitCode: 2, message: expect.stringMatching(text) })
    expect(refusal(['--grace', '25'])).toMatchObject(usage(/^--grace '25' is not a duration/))
    expect(refusal(['-Q', 'a,b:0'])).toMatchObject(usage(/^--queues 'b:0': after the colon/))
    expect(refusal(['-Q', 'a,b c'])).toMatchObject(usage(/^--queues: "b c" is not a queue name/))
    expect(refusal([], { TQ_NAMESPACE: 'a.b' })).toMatchObject(
      usage(/^TQ_NAMESPACE: "a.b" is not a namespace/),
    )
    expect(refusal([], {}, { connectTimeout: 'long' })).toMatchObject(
      usage(/^tq.config.ts: connectTimeout 'long'/),
    )
    expect(refusal(['-Q', 'a:5,b', '--lease', '3w'])).toMatchObject({ queues: ['a:5', 'b'], lease: '3w' })
  })

  test('numbers, sizes and durations are read strictly', () => {
    expect(wholeNumber('3', 'n')).toBe(3)
    for (const wrong of ['0', '1.5', '', 'x', '1e99']) expect(() => wholeNumber(wrong, 'n')).toThrow(/--n/)
    expect(['512mb', '2GB', '1k', '7', '1.5mb'].map((text) => bytes(text, 'm'))).toEqual([
      536_870_912, 2_147_483_648, 1_024, 7, 1_572_864,
    ])
    for (const wrong of ['', 'mb', '-1', '0', '5tb']) expect(() => bytes(wrong, 'm')).toThrow(/--m/)
    expect(['250ms', '2s', '1.5m'].map((text) => milliseconds(text, '--t'))).toEqual([250, 2_000, 90_000])
    for (const wrong of ['25', '', '5x', '-1s']) expect(() => milliseconds(wrong, '--t')).toThrow(/^--t '/)
    expect(['0', '65535'].map((text) => port(text, 'p'))).toEqual([0, 65_535])
    for (const wrong of ['-1', '65536', 'http']) expect(() => port(wrong, 'p')).toThrow(/^--p '/)
    expect(queueNames(['a', 'b:5'])).toEqual(['a', 'b'])
  })
})

describe('log lines', () => {
  const entry = {
    time: new Date(0),
    level: 'info',
    message: 'hello',
    fields: { task: 'add', id: '1', x: 'a b', level: 'mine' },
  } as const
  const options = {
    level: 'info',
    format: 'pretty',
    colors: false,
    workerFormat: '{level}|{message}|{fields}|{what}',
    taskFormat: '{task}({id}) {message} {fields}',
    file: undefined,
  } as const

  test('have one template for the worker and one for tasks', () => {
    expect(formatPretty(entry, options)).toBe('add(1) hello x="a b" level=mine')
    const own = { ...entry, fields: { n: 1, task: 'add' } }
    expect(formatPretty(own, options)).toBe('INFO |hello|n=1 task=add|{what}')
  })

  test('as JSON cannot be forged by fields, nor broken by them', () => {
    expect(JSON.parse(formatJson(entry))).toMatchObject({ level: 'info', message: 'hello', x: 'a b' })
    const circular: Record<string, unknown> = { big: 1n, error: new TypeError('oh') }
    expect(JSON.parse(formatJson({ ...entry, fields: circular }))).toMatchObject({
      big: '1',
      error: { name: 'TypeError', message: 'oh' },
    })
    circular['self'] = circular
    expect(JSON.parse(formatJson({ ...entry, fields: circular }))).toMatchObject({ message: 'hello' })
  })
})

test('passwords are hidden wherever a URL is', () => {
  expect(hidePasswords('a redis://me:p@ss/w:rd@host:6379/0 b amqp://:x@h')).toBe(
    'a redis://me:***@host:6379/0 b amqp://:***@h',
  )
  expect(hidePasswords('postgres://h/db?user=me&password=secret&x=1')).toBe(
    'postgres://h/db?user=me&password=***&x=1',
  )
  expect(hidePasswords('http://host:80/a me@b.c')).toBe('http://host:80/a me@b.c')
})

test('suggestions are close, or none', () => {
  expect(suggest('wroker', ['worker', 'dev'])).toBe(" Did you mean 'worker'?")
  expect(suggest('zzz', ['worker', 'dev'])).toBe('')
})

test('tables and ages', () => {
  expect(
    table(
      ['NAME', 'N'],
      [
        ['a', 10],
        ['long name', 5],
      ],
    ),
  ).toBe('NAME       N\na          10\nlong name   5')
  expect([5_000, 65_000, 7_200_000, 200_000_000].map(age)).toEqual(['5s', '1m', '2h', '2d'])
})
