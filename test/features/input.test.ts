import { type App, type Codec, jsonCodec, type TqError, type } from '@tq/core'
import { expect } from 'vitest'
import { feature, next, until } from './feature.ts'

const refused = (code: string) => expect.objectContaining({ code })

feature('input/bad-values-are-refused-at-the-call', { backend: false }, async (stage) => {
  const app = stage.app()
  const task = app.task({ name: 'task', input: type<unknown>(), run: () => {} })
  const cyclic: { self?: unknown } = {}
  cyclic.self = cyclic
  for (const value of [
    { a: undefined },
    { a: 1n },
    new Date(),
    new Map(),
    cyclic,
    Number.NaN,
    JSON.parse('{"__proto__":1}'),
  ]) {
    await expect(task.delay(value)).rejects.toEqual(refused('INVALID_PAYLOAD'))
  }
  await expect(task.delay('x'.repeat(10_000_000))).rejects.toEqual(refused('PAYLOAD_TOO_LARGE'))
  await expect(task.applyAsync(1, { queue: 'a b' })).rejects.toEqual(refused('INVALID_NAME'))
  await expect(task.applyAsync(1, { taskId: 'a b' })).rejects.toEqual(refused('INVALID_NAME'))
  await expect(task.applyAsync(1, { countdown: '5 parsecs' as never })).rejects.toEqual(
    refused('INVALID_DURATION'),
  )
  expect(() => app.task({ name: '{a}', run: () => {} })).toThrow(refused('INVALID_NAME'))
  expect(() => app.task({ name: 'task', run: () => {} })).toThrow(refused('DUPLICATE_TASK'))
})

feature('input/lone-surrogates-come-back', { backend: true }, async (stage) => {
  const app = stage.app()
  const echo = app.task({ name: 'echo', input: type<string>(), run: (text) => text })
  await stage.worker(app)
  const text = 'lone \ud800, paired 😀, null \0, and 中文'
  expect(await (await echo.delay(text)).get({ timeout: '5s' })).toBe(text)
})

feature('input/validated-at-both-ends', { backend: false }, async (stage) => {
  const app = stage.app()
  const positive = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value: unknown) =>
        typeof value === 'number' && value > 0
          ? { value: value * 10 }
          : { issues: [{ message: 'must be positive' }] },
    },
  } as const
  const seen: number[] = []
  const task = app.task({ name: 'task', input: positive as never, run: (n: never) => void seen.push(n) })
  await expect(task.delay(-1 as never)).rejects.toMatchObject({
    code: 'VALIDATION_FAILED',
    message: expect.stringContaining('must be positive'),
  })
  // A producer with an older contract sends what this worker no longer takes.
  const old = stage.app()
  await stage.worker(app)
  const failed = next(app, 'failed')
  await old.send({ name: 'task', input: undefined, output: undefined, settings: {} }, -5 as never)
  expect(await failed).toMatchObject({ attempt: 0, error: { code: 'VALIDATION_FAILED' } })
  await task.delay(2 as never)
  await until(() => stage.runs(seen).length === 1)
  // The sender sent 2, the worker parsed it once.
  expect(stage.runs(seen)).toEqual([20])
})

feature('input/result-that-is-no-plain-data', { backend: false }, async (stage) => {
  const app = stage.app()
  const task = app.task({ name: 'task', run: () => ({ at: new Date() }) as never })
  await stage.worker(app)
  const failed = next(app, 'failed')
  await task.delay()
  expect(await failed).toMatchObject({
    attempt: 0,
    error: { code: 'INVALID_PAYLOAD', message: expect.stringContaining('at') },
  })
})

feature('input/running-it-here', { backend: false }, async (stage) => {
  const app = stage.app({ startup: () => ({ base: 40 }) })
  const add = app.task({
    name: 'add',
    input: type<{ n: number }>(),
    run: ({ n }, { state }) => state.base + n,
  })
  expect(await add({ n: 2 })).toBe(42)
  const error = await add({ n: 1n as never }).catch((thrown: TqError) => thrown)
  expect(error).toMatchObject({ code: 'INVALID_PAYLOAD' })
})

feature('input/other-codecs-by-name', { backend: true }, async (stage) => {
  const reversed: Codec = {
    name: 'reversed',
    encode: (value) => jsonCodec.encode(value).reverse(),
    decode: (body) => jsonCodec.decode(Uint8Array.from(body).reverse()),
  }
  const define = (app: App<undefined>) =>
    app.task({ name: 'echo', input: type<string>(), run: (text) => text })
  const modern = stage.app({ codec: reversed })
  const echo = define(modern)
  await stage.worker(modern)
  expect(await (await echo.delay('by the new codec')).get({ timeout: '5s' })).toBe('by the new codec')
  const plain = stage.app({ queue: 'plain' })
  define(plain)
  await stage.worker(plain)
  const refused = await echo.applyAsync('for a worker that does not read it', { queue: 'plain' })
  const letters = await until(async () => {
    const found = await plain.deadLetters.list('plain')
    return found.length > 0 && found
  })
  // Nobody knows of an unreadable one that it came before.
  expect(stage.shown(letters)).toMatchObject([
    { id: refused.id, reason: 'unreadable message', error: expect.stringContaining("'reversed'") },
  ])
})
