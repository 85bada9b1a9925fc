import { expect, test } from 'vitest'
import { sqsName } from '../src/names.ts'

const place = { prefix: 'shop', namespace: 'tq', fifo: false }

test('names are readable', () => {
  expect(sqsName(place, 'default', 'high')).toBe('shop__tq__default__high')
  expect(sqsName(place, 'high_priority.dead', 'normal')).toBe('shop__tq__high_priority--dead__normal')
  expect(sqsName({ ...place, prefix: '' }, 'a-b', 'all')).toBe('tq__a-b__all')
  expect(sqsName({ ...place, fifo: true }, 'default', 'low')).toBe('shop__tq__default__low.fifo')
})

test('every name is one that SQS takes, and keeps its prefix', () => {
  for (const fifo of [false, true]) {
    for (const queue of ['q', 'q'.repeat(69), 'a..b', 'a__b', 'a--b', '0._-.x', `${'x.'.repeat(32)}y.dead`]) {
      const name = sqsName({ prefix: 'p'.repeat(20), namespace: 'n'.repeat(32), fifo }, queue, 'normal')
      expect(name).toMatch(fifo ? /^[\w-]{1,75}\.fifo$/ : /^[\w-]{1,80}$/)
      expect(name.startsWith(`${'p'.repeat(20)}__`)).toBe(true)
    }
  }
})

test('distinct queues have distinct names', () => {
  const parts = [
    'a',
    'b',
    'a.b',
    'a-b',
    'a_b',
    'a--b',
    'a-.b',
    'a.-b',
    'a__b',
    'a.',
    'a_',
    'A',
    `${'a'.repeat(64)}`,
  ]
  const names = new Map<string, string>()
  for (const prefix of ['', 'a', 'b', 'a-b']) {
    for (const namespace of ['a', 'b', 'a-b', 'a_', 'a__b', 'b'.repeat(32)]) {
      for (const queue of parts) {
        for (const band of ['high', 'normal', 'low', 'all'] as const) {
          const key = JSON.stringify([prefix, namespace, queue, band])
          const name = sqsName({ prefix, namespace, fifo: false }, queue, band)
          expect(names.get(name) ?? key).toBe(key)
          names.set(name, key)
        }
      }
    }
  }
  expect(names.size).toBe(4 * 6 * parts.length * 4)
})
