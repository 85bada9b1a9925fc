import { TqError } from '@tq/core/driver'
import { describe, expect, test } from 'vitest'
import { classify } from '../src/classify.ts'
import { payloads } from '../src/hints.ts'
import { resolveOptions } from '../src/options.ts'
import { fromStored, toStored } from '../src/text.ts'

describe('URLs', () => {
  test('say where and how', () => {
    expect(
      resolveOptions('postgres://u:p@h:1/db?schema=jobs&sslmode=disable&timeoutMs=2000', {}),
    ).toMatchObject({
      schema: 'jobs',
      migrate: true,
      timeoutMs: 2_000,
      config: {
        connectionString: 'postgres://u:p@h:1/db?sslmode=disable',
        query_timeout: 2_000,
        statement_timeout: 1_500,
        connectionTimeoutMillis: 2_000,
      },
    })
    expect(resolveOptions('postgresql://h/db', { schema: 'a', connections: 3 })).toMatchObject({
      schema: 'a',
      config: { max: 3 },
    })
    expect(resolveOptions('postgres://h/db?schema=b&migrate=false', { schema: 'a' })).toMatchObject({
      schema: 'b',
      migrate: false,
    })
    expect(resolveOptions('postgres:///db?host=/run/postgresql', {}).config.connectionString).toContain(
      '=%2Frun%2F',
    )
  })

  test('that cannot be meant are refused without showing the password', () => {
    for (const url of [
      'postgres:',
      'postgres://u:secret@h',
      'postgres://u:secret@h/',
      'postgres:///db',
      'postgres://u:secret@h/db?x=1',
      'postgres://u:secret@h/db?schema=',
      'postgres://u:secret@h/db?schema=a"b',
      'postgres://u:secret@h/db?schema=pg_catalog',
      'postgres://u:secret@h/db?connections=0',
      'postgres://u:secret@h/db?timeoutMs=10',
      'postgres://u:secret@h/db?timeoutMs=',
      'postgres://u:secret@h/db?migrate=perhaps',
      'postgres://u:secret@h/100%',
    ]) {
      expect(() => resolveOptions(url, {}), url).toThrow(TqError)
      expect(() => resolveOptions(url, {}), url).toThrow(/cannot be used/)
      expect(() => resolveOptions(url, {}), url).not.toThrow(/secret/)
    }
  })
})

describe('text', () => {
  const mark = '\u{10ffff}'

  test('comes back as it was, and carries no U+0000', () => {
    for (const text of ['', 'plain', '\0', 'a\0b\0', mark, `${mark}0`, `\0${mark}1\0`, '🦊\0任务']) {
      expect(toStored(text)).not.toContain('\0')
      expect(fromStored(toStored(text))).toBe(text)
    }
    expect(toStored('plain')).toBe('plain')
  })

  test('distinct texts stay distinct', () => {
    const texts = ['\0', '0', mark, `${mark}0`, `${mark}1`, `\0${mark}`, `${mark}\0`]
    expect(new Set(texts.map(toStored)).size).toBe(texts.length)
  })
})

describe('notifications', () => {
  test('fit into what PostgreSQL takes, or say that anything may have changed', () => {
    const names = Array.from({ length: 500 }, (_, at) => `a name of some length, number ${at} 🦊`)
    const parts = payloads(new Set(names))
    expect(parts.length).toBeGreaterThan(1)
    for (const part of parts) expect(Buffer.byteLength(part)).toBeLessThan(8_000)
    expect(parts.flatMap((part) => JSON.parse(part) as string[])).toEqual(names)
    expect(payloads(new Set(['x'.repeat(9_000)]))).toEqual(['*'])
    expect(payloads(new Set(Array.from({ length: 20_000 }, (_, at) => `name ${at}`)))).toEqual(['*'])
  })
})

describe('errors', () => {
  const answered = (code: string) => Object.assign(new Error('said the server'), { code })

  test('are classified by SQLSTATE', () => {
    const expected = {
      '08006': 'connection',
      '57P01': 'connection',
      '57P03': 'connection',
      '57014': 'connection',
      '53300': 'connection',
      '40P01': 'connection',
      '40001': 'connection',
      '25006': 'connection',
      '53100': 'full',
      '53200': 'full',
      '28P01': 'permission',
      '42501': 'permission',
      '3D000': 'config',
      '42P01': 'config',
      '54000': 'limit',
      '22021': 'limit',
      XX000: 'unknown',
    }
    for (const [code, meaning] of Object.entries(expected))
      expect(classify(answered(code)), code).toBe(meaning)
  })

  test('of the client are classified, too', () => {
    for (const code of ['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'ETIMEDOUT']) {
      expect(classify(answered(code)), code).toBe('connection')
      expect(classify(new AggregateError([answered(code)])), code).toBe('connection')
    }
    expect(classify(new Error('Query read timeout'))).toBe('connection')
    expect(classify(new Error('Connection terminated unexpectedly'))).toBe('connection')
    expect(classify(new Error('timeout exceeded when trying to connect'))).toBe('connection')
    expect(classify(new Error('The server does not support SSL connections'))).toBe('config')
    expect(classify(new Error('Connection of another kind'))).toBe('unknown')
  })
})
