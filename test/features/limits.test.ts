import { SoftTimeLimitExceeded, TimeLimitExceeded } from '@tq/core'
import { expect } from 'vitest'
import { feature, gate, next } from './feature.ts'

feature('limits/soft-limit-aborts-the-signal', { backend: false }, async (stage) => {
  const app = stage.app()
  const reasons: unknown[] = []
  const slow = app.task({
    name: 'slow',
    softTimeLimit: '50ms',
    retry: { maxRetries: 0 },
    run: async (_, { signal }) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
      reasons.push(signal.reason)
      signal.throwIfAborted()
    },
  })
  await stage.worker(app)
  const failed = next(app, 'failed')
  await slow.delay()
  expect(await failed).toMatchObject({ error: { name: 'SoftTimeLimitExceeded' } })
  expect(reasons[0]).toBeInstanceOf(SoftTimeLimitExceeded)
})

feature('limits/hard-limit-fails-it-and-keeps-the-slot', { backend: false }, async (stage) => {
  const app = stage.app()
  const held = gate()
  const order: string[] = []
  const stuck = app.task({
    name: 'stuck',
    timeLimit: '50ms',
    run: async (_, { signal }) => {
      await held.opened
      const told = signal.reason instanceof TimeLimitExceeded
      // A twin of it, where messages come twice, has started after the gate was opened.
      if (told || !stage.mayEndTwice) order.push(`stuck returned, told ${told}`)
      return 'too late'
    },
  })
  const quick = app.task({ name: 'quick', run: () => void order.push('quick ran') })
  await stage.worker(app, { concurrency: 1 })
  const failed = next(app, 'failed')
  const { id } = await stuck.delay()
  expect(await failed).toMatchObject({ id, reason: 'not retryable', error: { name: 'TimeLimitExceeded' } })
  const done = next(app, 'succeeded')
  await quick.delay()
  held.open()
  await done
  expect(stage.runs(order)).toEqual(['stuck returned, told true', 'quick ran'])
  if (stage.pair.hasBackend) expect(await app.result(id).status()).toBe('FAILURE')
})

feature('limits/soft-must-be-shorter', { backend: false }, async (stage) => {
  const app = stage.app()
  expect(() => app.task({ name: 't', softTimeLimit: '2s', timeLimit: '1s', run: () => {} })).toThrow(
    expect.objectContaining({ code: 'INVALID_OPTION' }),
  )
})
