import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type PayloadStore, systemClock } from '@tq/core/driver'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { s3 } from '../src/index.ts'
import { resolveOptions } from '../src/options.ts'
import { urlOf } from './harness.ts'
import { startS3, type TestS3 } from './services/s3.ts'

let service: TestS3
const opened: PayloadStore[] = []
const servers: Server[] = []

beforeAll(async () => {
  service = await startS3()
})
afterAll(() => service.stop())
afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()))
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

function storeAt(url: string, namespace = 'test'): PayloadStore {
  const store = s3().createPayloadStore?.(url, { namespace, clock: systemClock })
  if (!store) throw new Error('the adapter makes no payload store')
  opened.push(store)
  return store
}

/** An S3 that answers everything the same. */
async function answering(status: number, code?: string): Promise<PayloadStore> {
  const server = createServer((request, response) => {
    request.resume()
    if (status === 0) return
    const body =
      code === undefined ? '' : `<Error><Code>${code}</Code><Message>said the test</Message></Error>`
    response.writeHead(status, { 'content-type': 'application/xml' }).end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  servers.push(server)
  const { port } = server.address() as AddressInfo
  return storeAt(`s3://key:secret@bucket?region=eu-central-1&timeoutMs=500&endpoint=http://127.0.0.1:${port}`)
}

const payload = { key: 'a.0/x', bytes: 1, body: new Uint8Array([7]), ttlMs: 1_000 }

const codeOf = (store: PayloadStore, call: Promise<unknown>) =>
  call.then(
    () => undefined,
    (error: unknown) => store.classify(error),
  )

test('apps of different namespaces share a bucket', async () => {
  const [one, other] = [storeAt(urlOf(service), 'one'), storeAt(urlOf(service), 'other')]
  await one.put([payload])
  expect(await other.get([payload])).toEqual([undefined])
  await other.delete([payload])
  expect((await one.get([payload]))[0]).toEqual(new Uint8Array([7]))
})

test('a bucket that is not there, and one that is not ours', async () => {
  const gone = storeAt(urlOf({ ...service, bucket: 'not-there' }))
  expect(await codeOf(gone, gone.open())).toBe('config')
  const closed = await answering(403)
  expect(await codeOf(closed, closed.open())).toBe('permission')
})

test.each([
  [500, 'InternalError', 'connection'],
  [503, 'SlowDown', 'blocked'],
  [400, 'EntityTooLarge', 'limit'],
  [400, 'ExpiredToken', 'blocked'],
  [404, 'NoSuchBucket', 'config'],
  [403, 'AccessDenied', 'permission'],
])('%i %s is %s', async (status, name, code) => {
  const store = await answering(status, name)
  expect(await codeOf(store, store.put([payload]))).toBe(code)
  expect(await codeOf(store, store.get([payload]))).toBe(code)
  expect(await codeOf(store, store.delete([payload]))).toBe(code)
})

test('a service that does not answer, or is not there', async () => {
  const hanging = await answering(0)
  expect(await codeOf(hanging, hanging.get([payload]))).toBe('connection')
  const absent = storeAt('s3://key:secret@bucket?region=eu-central-1&endpoint=http://127.0.0.1:1')
  expect(await codeOf(absent, absent.open())).toBe('connection')
})

test('what a URL says', () => {
  expect(resolveOptions('s3://bucket', {})).toMatchObject({ bucket: 'bucket', prefix: '', timeoutMs: 30_000 })
  expect(
    resolveOptions('s3://k:s%2F1@my.bucket/a/b/?region=eu-west-1&endpoint=http://h:1&timeoutMs=900', {}),
  ).toMatchObject({
    bucket: 'my.bucket',
    prefix: 'a/b/',
    timeoutMs: 900,
    connection: {
      region: 'eu-west-1',
      endpoint: 'http://h:1',
      forcePathStyle: true,
      credentials: { accessKeyId: 'k', secretAccessKey: 's/1' },
    },
  })
})

test.each([
  ['s3:bucket', 'write s3://'],
  ['s3://Bucket', 'small letters'],
  ['s3://bucket?retries=3', "'retries' is no option"],
  ['s3://bucket?pathStyle=maybe', 'pathStyle'],
  ['s3://bucket?timeoutMs=', 'timeoutMs'],
  ['s3://key@bucket', 'key:secret@'],
  ['s3://bucket/%zz', 'no valid escape'],
])('%s is refused', (url, reason) => {
  expect(() => resolveOptions(url, {})).toThrow(
    expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringContaining(reason) }),
  )
})

test('a secret is not shown', () => {
  expect(() => resolveOptions('s3://key:hidden@bucket?x=1', {})).not.toThrow(/hidden/)
})
