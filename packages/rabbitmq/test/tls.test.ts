import { readFileSync } from 'node:fs'
import { type Broker, systemClock } from '@tq/core/driver'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeCertificate, missingOpenssl, type TestCertificate } from '../../../test/services/certificate.ts'
import { rabbitmq } from '../src/index.ts'
import { freePort, missingOwnRabbit, startRabbit, type TestRabbit } from './services/rabbitmq.ts'
import { consume, idsOf, message } from './stage.ts'

const missing = missingOwnRabbit() ?? missingOpenssl()

describe.skipIf(missing)(`amqps${missing ? ` (${missing})` : ''}`, { timeout: 60_000 }, () => {
  let certificate: TestCertificate
  let server: TestRabbit
  let url: string
  const opened: Broker[] = []

  beforeAll(async () => {
    certificate = makeCertificate()
    const port = await freePort()
    url = `amqps://127.0.0.1:${port}`
    const settings = [
      `listeners.ssl.1 = 127.0.0.1:${port}`,
      `ssl_options.certfile = ${certificate.cert}`,
      `ssl_options.keyfile = ${certificate.key}`,
    ]
    server = await startRabbit({ name: 'tls', settings })
  })
  afterAll(async () => {
    for (const broker of opened) await broker.close()
    await server?.stop()
    certificate?.remove()
  })

  function brokerWith(socket: { ca?: Buffer[] }): Broker {
    const made = rabbitmq({ socket }).createBroker?.(url, { namespace: 'tls', clock: systemClock })
    if (!made) throw new Error('no broker')
    opened.push(made)
    return made
  }

  test('a certificate of our own, trusted by name', async () => {
    const broker = brokerWith({ ca: [readFileSync(certificate.cert)] })
    await broker.open()
    expect(await broker.publish('q', [message({ id: 'a' })])).toEqual(['accepted'])
    expect(idsOf(await consume(broker))).toEqual(['a'])
  })

  test('one that nobody trusts is refused, and said to be a matter of settings', async () => {
    const broker = brokerWith({})
    const error = await broker.open().catch((reason: unknown) => reason)
    expect(broker.classify(error)).toBe('config')
  })
})
