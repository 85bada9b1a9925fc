import { expect, test } from 'vitest'
import { createApp } from '../src/index.ts'
import type { AppInternals } from '../src/runtime/app-brand.ts'
import { DeadLetters } from '../src/runtime/dead-letters.ts'
import { type Tampering, tampered } from './tamper.ts'

/** An app on a service that is tampered with, with two dead letters. */
async function withLetters(receiver: NonNullable<Tampering['receiver']>) {
  const app = createApp({ broker: 'memory:', backend: false, adapters: [tampered({ receiver })] })
  const { broker } = await (app as unknown as AppInternals).runtime.connect()
  await broker.declare({ name: 'default.dead' })
  const letter = (id: string) => ({ id, body: Buffer.from('{}'), headers: { 'tq-dead-at': '1000' } })
  await broker.publish('default.dead', [letter('a'), letter('b')])
  return app
}

test('what the service itself gave up has no date of ours, and is not taken for very old', async () => {
  const app = createApp({ broker: 'memory:' })
  await app.open()
  const { runtime } = app as unknown as AppInternals
  const { broker } = await runtime.connect()
  await broker.declare({ name: 'default.dead' })
  await broker.publish('default.dead', [{ id: 'by the service', body: Buffer.from('{}'), headers: {} }])
  expect(await new DeadLetters(runtime).trim('default')).toBe(0)
  const [letter] = await new DeadLetters(runtime).list('default')
  expect(letter).toMatchObject({ id: 'by the service', reason: '' })
  expect(Date.now() - (letter?.diedAt.getTime() ?? 0)).toBeLessThan(5_000)
  await app.close()
})

test('a letter that a service hands out twice is one letter, and stays one', async () => {
  const app = await withLetters((original) => ({
    receive: async (options) => (await original.receive(options)).flatMap((one) => [one, one]),
    // As SQS, which takes an old receipt: given back twice, there would be two.
    nack: async (leases, options) => {
      expect(new Set(leases).size).toBe(leases.length)
      return await original.nack(leases, options)
    },
  }))
  for (let look = 0; look < 2; look++) {
    expect((await app.deadLetters.list('default')).map(({ id }) => id)).toEqual(['a', 'b'])
  }
  expect(await app.deadLetters.drop('default')).toBe(2)
  expect(await app.deadLetters.list('default')).toEqual([])
  await app.close()
})

test('what a service does not answer is asked for again', async () => {
  let answers = 0
  const app = await withLetters((original) => ({
    ack: async (leases) => (++answers % 3 ? leases.map(() => 'unknown') : await original.ack(leases)),
    nack: async (leases, options) =>
      ++answers % 3 ? leases.map(() => 'unknown') : await original.nack(leases, options),
  }))
  expect(await app.deadLetters.list('default')).toHaveLength(2)
  expect(await app.deadLetters.drop('default', { ids: ['a'] })).toBe(1)
  expect((await app.deadLetters.list('default')).map(({ id }) => id)).toEqual(['b'])
  await app.close()
})
