import { TqError } from '@tq/core/driver'
import { describe, expect, test } from 'vitest'
import { classify } from '../src/classify.ts'
import { Keys } from '../src/keys.ts'
import { resolveOptions } from '../src/options.ts'

describe('URLs', () => {
  test('say where and how', () => {
    expect(resolveOptions('dynamodb://eu-central-1/tasks', {})).toEqual({
      table: 'tasks',
      createTable: false,
      timeoutMs: 5_000,
      heartbeatMs: 15_000,
      connection: { region: 'eu-central-1' },
      service: 'region eu-central-1',
    })
    const endpoint = 'http://127.0.0.1:8000'
    const url = `dynamodb://key:s%2Fcret@local/a.b-c_d?createTable=true&endpoint=${endpoint}&timeoutMs=900`
    expect(resolveOptions(url, {})).toEqual({
      table: 'a.b-c_d',
      createTable: true,
      timeoutMs: 900,
      heartbeatMs: 15_000,
      connection: {
        region: 'local',
        endpoint,
        credentials: { accessKeyId: 'key', secretAccessKey: 's/cret' },
      },
      service: endpoint,
    })
    expect(resolveOptions('dynamodb:///tasks', { createTable: true, timeoutMs: 700 })).toMatchObject({
      createTable: true,
      timeoutMs: 700,
      connection: {},
    })
  })

  test('that cannot be meant are refused without showing the secret', () => {
    for (const url of [
      'dynamodb:',
      'dynamodb://eu-central-1',
      'dynamodb://key:hidden@eu-central-1/ab',
      'dynamodb://key:hidden@eu_central/tasks',
      'dynamodb://key:hidden@eu-central-1/ta sks',
      'dynamodb://key:hidden@eu-central-1/tasks?x=1',
      'dynamodb://key:hidden@eu-central-1/tasks?createTable=perhaps',
      'dynamodb://key:hidden@eu-central-1/tasks?timeoutMs=',
      'dynamodb://key:hidden@eu-central-1/tasks?heartbeatMs=20',
      'dynamodb://:hidden@eu-central-1/tasks',
      'dynamodb://key:hidden@eu-central-1/100%',
    ]) {
      expect(() => resolveOptions(url, {}), url).toThrow(TqError)
      expect(() => resolveOptions(url, {}), url).toThrow(/cannot be used/)
      expect(() => resolveOptions(url, {}), url).not.toThrow(/hidden/)
    }
  })
})

describe('keys', () => {
  test('of distinct namespaces, kinds and names are distinct', () => {
    const hostile = ['a', '#', '%23', '%', 'a#record#b', 'record#', '#record#a', '', 'ä', 'a#b']
    const seen = new Map<string, string>()
    for (const namespace of hostile) {
      const keys = new Keys(namespace)
      for (const kind of ['record', 'value', 'roster'] as const) {
        for (const name of hostile) {
          const owner = JSON.stringify([namespace, kind, name])
          const key = keys.partition(kind, name)
          expect(seen.get(key) ?? owner, key).toBe(owner)
          seen.set(key, owner)
        }
      }
    }
  })

  test('that are too long are refused before anything is asked', () => {
    const keys = new Keys('app')
    expect(() => keys.single('value', 'x'.repeat(2_048))).toThrow(/too long/)
    expect(() => keys.member('member', 'c', 'ä'.repeat(600))).toThrow(/too long/)
    expect(classify(caught(() => keys.single('value', 'x'.repeat(2_048))))).toBe('limit')
    keys.member('member', 'x'.repeat(2_000), 'x'.repeat(1_000))
  })
})

describe('errors', () => {
  const named = (name: string, more: object = {}) =>
    Object.assign(new Error('said the service'), { name }, more)

  test('are classified by name, code and status', () => {
    const expected = {
      ProvisionedThroughputExceededException: 'blocked',
      ThrottlingException: 'blocked',
      RequestLimitExceeded: 'blocked',
      ExpiredTokenException: 'blocked',
      AccessDeniedException: 'permission',
      UnrecognizedClientException: 'permission',
      CredentialsProviderError: 'permission',
      ResourceNotFoundException: 'config',
      InternalServerError: 'connection',
      TimeoutError: 'connection',
      'com.amazonaws.dynamodb.v20120810#ThrottlingException': 'blocked',
      ItemCollectionSizeLimitExceededException: 'full',
    }
    for (const [name, meaning] of Object.entries(expected)) expect(classify(named(name)), name).toBe(meaning)
    for (const code of ['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND']) {
      expect(classify(named('Error', { code })), code).toBe('connection')
    }
    expect(classify(named('Strange', { $metadata: { httpStatusCode: 503 } }))).toBe('connection')
    expect(classify(named('Strange', { $metadata: { httpStatusCode: 400 } }))).toBe('unknown')
    const tooLarge = new Error('Item size has exceeded the maximum allowed size')
    Object.assign(tooLarge, { name: 'ValidationException', $metadata: { httpStatusCode: 400 } })
    expect(classify(tooLarge)).toBe('limit')
  })
})

function caught(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}
