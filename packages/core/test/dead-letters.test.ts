import { expect, test } from 'vitest'
import { createApp } from '../src/index.ts'
import type { AppInternals } from '../src/runtime/app-brand.ts'
import { DeadLetters } from '../src/runtime/dead-letters.ts'

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
