import type { BrokerErrorCode } from '@tq/core/driver'
import { describe, expect, test } from 'vitest'
import { classify } from '../src/classify.ts'
import { delayLevels, delayRoute, deliverPattern, levelMs, maxDelayMs } from '../src/delays.ts'
import { queueNames } from '../src/names.ts'
import { resolveOptions } from '../src/options.ts'

describe('names', () => {
  test('distinct namespaces and queues have distinct AMQP queues', () => {
    const queues = ['a', 'a.b', 'a.high', 'a.dead', 'a.dead.dead', 'a.suspect', 'high', 'dead', 'a-b', 'A']
    const owners = new Map<string, string>()
    for (const namespace of ['app', 'app-a', 'a']) {
      for (const queue of queues) {
        const owner = `${namespace}\0${queue}`
        for (const name of queueNames(namespace, queue).all) {
          expect(owners.get(name) ?? owner, name).toBe(owner)
          owners.set(name, owner)
        }
      }
    }
  })

  test('dead letters lie where core looks for them', () => {
    expect(queueNames('app', 'mail').dead).toBe(queueNames('app', 'mail.dead').bands.normal)
  })

  test('the longest fit into a routing key', () => {
    const { all } = queueNames('n'.repeat(32), 'q'.repeat(64))
    for (const name of all) expect(delayRoute(maxDelayMs, name).key.length).toBeLessThanOrEqual(255)
  })
})

describe('the way of a delayed message', () => {
  /** What the levels on its way add up to. */
  const waits = (delayMs: number) => {
    const { exchange, key } = delayRoute(delayMs, 'x')
    const bits = key.split('.').slice(0, delayLevels)
    expect(exchange).toBe(`tq.v1.delay.${String(delayLevels - 1 - bits.indexOf('1')).padStart(2, '0')}`)
    const levels = bits.flatMap((bit, at) => (bit === '1' ? [delayLevels - 1 - at] : []))
    return { hops: levels.length, ms: levels.reduce((sum, level) => sum + levelMs(level), 0) }
  }

  test('is never shorter than the delay, and hardly longer', () => {
    for (let delayMs = 1; delayMs <= maxDelayMs; delayMs = Math.ceil(delayMs * 1.003)) {
      const { ms, hops } = waits(delayMs)
      expect(ms).toBeGreaterThanOrEqual(delayMs)
      expect(ms).toBeLessThan(delayMs + 50 + Math.min(delayMs / 20, 400))
      expect(hops).toBeLessThanOrEqual(12)
    }
    expect(waits(maxDelayMs).ms).toBeGreaterThanOrEqual(maxDelayMs)
  })

  test('leads to one queue: a name is never taken for a part of another', () => {
    expect(deliverPattern('tq.a.q.low')).toBe(`${'*.'.repeat(delayLevels)}tq.a.q.low`)
    expect(delayRoute(50, 'tq.a.q.low').key).toBe(`${'0.'.repeat(delayLevels - 1)}1.tq.a.q.low`)
  })
})

describe('URLs', () => {
  test('say where and how', () => {
    expect(resolveOptions('amqp://', {})).toMatchObject({
      tls: false,
      hosts: [{ host: 'localhost', port: 5672 }],
      username: 'guest',
      password: 'guest',
      vhost: '/',
      heartbeat: 300,
      consumerTimeoutMs: 1_800_000,
    })
    expect(resolveOptions('amqps://u:p%40ss@a,b:1,[::1]:2/my%2Fhost?heartbeat=10&name=x', {})).toMatchObject({
      tls: true,
      hosts: [
        { host: 'a', port: 5671 },
        { host: 'b', port: 1 },
        { host: '::1', port: 2 },
      ],
      username: 'u',
      password: 'p@ss',
      vhost: 'my/host',
      heartbeat: 10,
      name: 'x',
    })
    expect(resolveOptions('amqp://h/?consumerTimeout=2h', {}).consumerTimeoutMs).toBe(7_200_000)
    expect(resolveOptions('amqp://h/v?consumerTimeout=none', {})).toMatchObject({
      vhost: 'v',
      consumerTimeoutMs: Number.POSITIVE_INFINITY,
    })
  })

  test('that cannot be meant are refused without showing the password', () => {
    for (const url of [
      'amqp:u:secret@h',
      'amqp://u:secret@h:99999',
      'amqp://u:secret@h/a/b',
      'amqp://u:secret@h?x=1',
      'amqp://u:secret@h?heartbeat=1',
      'amqp://u:secret@h?consumerTimeout=soon',
      'amqp://u:secret@h/%',
    ]) {
      expect(() => resolveOptions(url, {}), url).toThrow(/cannot be used/)
      if (url.includes('//')) expect(() => resolveOptions(url, {}), url).not.toThrow(/secret/)
    }
  })
})

test('what amqplib and RabbitMQ say is told apart', () => {
  const coded = (code: number | string, message = 'x') => Object.assign(new Error(message), { code })
  const cases: readonly (readonly [unknown, BrokerErrorCode])[] = [
    [coded('ECONNREFUSED'), 'connection'],
    [coded(320, 'Connection closed: 320 (CONNECTION-FORCED)'), 'connection'],
    [coded(403, 'Channel closed by server: 403 (ACCESS-REFUSED)'), 'permission'],
    [coded(404, 'Operation failed: BasicGet; 404 (NOT-FOUND)'), 'queue-missing'],
    [coded(406, "PRECONDITION_FAILED - inequivalent arg 'x'"), 'config'],
    [coded(406, 'PRECONDITION_FAILED - message size 3 is larger than configured max size 2'), 'limit'],
    [new Error('Handshake terminated by server: 403 (ACCESS-REFUSED) with message "…"'), 'permission'],
    [new Error('channel closed'), 'connection'],
    [new Error('Socket closed abruptly during opening handshake'), 'connection'],
    [new Error('something else'), 'unknown'],
    ['text', 'unknown'],
  ]
  for (const [error, code] of cases) expect(classify(error), String(error)).toBe(code)
})
