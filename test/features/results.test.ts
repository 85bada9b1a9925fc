import { TaskFailure, type } from '@tq/core'
import { expect } from 'vitest'
import { feature, gate, until } from './feature.ts'

feature('results/value-comes-back', { backend: true }, async (stage) => {
  const app = stage.app()
  const add = app.task({ name: 'add', input: type<{ x: number; y: number }>(), run: ({ x, y }) => x + y })
  await stage.worker(app)
  const result = await add.delay({ x: 2, y: 3 })
  expect(await result.get({ timeout: '5s' })).toBe(5)
  expect(await result.status()).toBe('SUCCESS')
  expect(await result.ready()).toBe(true)
  expect(await result.successful()).toBe(true)
  expect(await app.result<typeof add>(result.id).info()).toMatchObject({
    name: 'add',
    state: 'SUCCESS',
    result: 5,
    attempt: 0,
  })
})

feature('results/states-along-the-way', { backend: true }, async (stage) => {
  const app = stage.app()
  const held = gate()
  const slow = app.task({
    name: 'slow',
    run: async (_, ctx) => {
      ctx.progress(0.5, 'half')
      await held.opened
    },
  })
  const result = await slow.delay()
  expect(await result.status()).toBe('PENDING')
  expect(await result.ready()).toBe(false)
  await stage.worker(app)
  const info = await until(async () => {
    const now = await result.info()
    return now?.progress && now
  })
  expect(info).toMatchObject({ state: 'STARTED', progress: { fraction: 0.5, message: 'half' } })
  held.open()
  expect(await result.get({ timeout: '5s' })).toBeUndefined()
})

feature('results/failure-is-thrown', { backend: true }, async (stage) => {
  const app = stage.app()
  const broken = app.task({
    name: 'broken',
    retry: { maxRetries: 0 },
    run: () => {
      throw Object.assign(new RangeError('out of range'), { code: 'E_RANGE' })
    },
  })
  await stage.worker(app)
  const result = await broken.delay()
  const error = await result.get({ timeout: '5s' }).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(TaskFailure)
  expect((error as TaskFailure).error).toMatchObject({
    name: 'RangeError',
    message: 'out of range',
    code: 'E_RANGE',
  })
  expect(await result.status()).toBe('FAILURE')
  expect(await result.successful()).toBe(false)
})

feature('results/unknown-id-is-told-apart', { backend: true }, async (stage) => {
  const unknown = stage.app().result('no-such-task')
  expect(await unknown.info()).toBeUndefined()
  await expect(unknown.status()).rejects.toMatchObject({ code: 'UNKNOWN_RESULT' })
  await expect(unknown.get({ timeout: '5s' })).rejects.toMatchObject({ code: 'UNKNOWN_RESULT' })
})

feature('results/get-times-out', { backend: true }, async (stage) => {
  const app = stage.app()
  const never = app.task({ name: 'never', run: () => {} })
  const result = await never.delay()
  await expect(result.get({ timeout: '50ms' })).rejects.toMatchObject({ code: 'RESULT_TIMEOUT' })
  await expect(result.get({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
})

feature('results/ignored-and-forgotten', { backend: true }, async (stage) => {
  const app = stage.app()
  const quiet = app.task({ name: 'quiet', ignoreResult: true, run: () => 42 })
  await stage.worker(app)
  const result = await quiet.delay()
  expect(await result.get({ timeout: '5s' })).toBeUndefined()
  expect(await result.status()).toBe('SUCCESS')
  await result.forget()
  expect(await result.info()).toBeUndefined()
})

feature('results/expire', { backend: true }, async (stage) => {
  const app = stage.app()
  const brief = app.task({ name: 'brief', resultExpires: '300ms', run: () => 1 })
  await stage.worker(app)
  const result = await brief.delay()
  await result.get({ timeout: '5s' })
  await until(async () => (await result.info()) === undefined)
})

feature('results/need-a-backend', { backend: false }, async (stage) => {
  const app = stage.app()
  const task = app.task({ name: 'task', run: () => 1 })
  const result = await task.delay()
  if (stage.pair.hasBackend) return expect(await result.status()).toBe('PENDING')
  await expect(result.status()).rejects.toMatchObject({
    code: 'BACKEND_REQUIRED',
    message: expect.stringContaining('TQ_BACKEND_URL'),
  })
  await expect(task.applyAsync(undefined, { uniqueKey: 'k' })).rejects.toMatchObject({
    code: 'BACKEND_REQUIRED',
  })
})
