import { readFileSync } from 'node:fs'
import { type Broker, systemClock } from '@tq/core/driver'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeCertificate, missingOpenssl, type TestCertificate } from '../../../test/services/certificate.ts'
import { missingRedis, startRedis, type TestRedis } from '../../../test/services/redis.ts'
import { redis } from '../src/index.ts'

const missing = missingRedis() ?? missingOpenssl()
const signal = new AbortController().signal

describe.skipIf(missing)(`rediss${missing ? ` (${missing})` : ''}`, { timeout: 30_000 }, () => {
  let certificate: TestCertificate
  let server: TestRedis
  let url: string
  const opened: Broker[] = []

  beforeAll(async () => {
    certificate = makeCertificate()
    server = await startRedis([], true, { tls: certificate })
    url = server.tlsUrl ?? ''
  })
  afterAll(async () => {
    for (const broker of opened) await broker.close()
    await server?.stop()
    certificate?.remove()
  })

  function brokerWith(tls: { ca?: Buffer }): Broker {
    const made = redis({ connection: { tls } }).createBroker?.(url, { namespace: 'test', clock: systemClock })
    if (!made) throw new Error('no broker')
    opened.push(made)
    return made
  }

  test('a certificate of our own, trusted by name', async () => {
    const broker = brokerWith({ ca: readFileSync(certificate.cert) })
    await broker.open()
    const receiver = await broker.openReceiver('q', { leaseMs: 5_000, prefetch: 10 })
    const waiting = receiver.receive({ max: 1, waitMs: 5_000, signal })
    await broker.publish('q', [{ id: 'a', body: Buffer.from('body'), headers: {} }])
    const [delivery] = await waiting
    expect(delivery?.message.id).toBe('a')
    // The keeper's thread trusts it, too.
    expect(receiver.keeper).toBeDefined()
    const { createKeeper } = (await import('../src/keeper.ts')) as typeof import('../src/keeper.ts')
    const keeper = createKeeper(structuredClone(receiver.keeper?.data))
    expect(await keeper.extend()).toBe('ok')
    await keeper.close()
  })

  test('one that nobody trusts is refused, and said to be a matter of settings', async () => {
    const broker = brokerWith({})
    const error = await broker.open().catch((reason: unknown) => reason)
    expect(broker.classify(error)).toBe('config')
  })
})
