import {
  type App,
  type AppOptions,
  chain,
  chord,
  createApp,
  group,
  type PayloadOptions,
  type,
} from '@tq/core'
import { s3 } from '@tq/s3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startS3, type TestS3 } from '../../packages/s3/test/services/s3.ts'
import { feature, gate, Stage, until } from './feature.ts'
import { type Pair, pairs } from './pairs.ts'
import { TestPayloads } from './payload-store.ts'

let service: TestS3

beforeAll(async () => {
  service = await startS3()
})
afterAll(() => service.stop())

/** More than any message may have, and than DynamoDB keeps in one item. */
const long = 'a large document '.repeat(100_000)
const mid = 'm'.repeat(20_000)

const s3Url = () =>
  `s3://key:secret@${service.bucket}/x?region=eu-central-1&endpoint=${encodeURIComponent(service.endpoint)}` as const

/** An app that keeps payloads in the bucket, with the adapter for it beside those of its pair. */
function appWith(stage: Stage, payload: PayloadOptions, options: AppOptions<undefined> = {}): App<undefined> {
  return stage.app({ payload, adapters: [...stage.adapters, s3()], ...options })
}

const echoOf = (app: App<undefined>) =>
  app.task({ name: 'echo', input: type<{ text: string }>(), run: ({ text }) => ({ text }) })

for (const offload of ['backend', 's3'] as const) {
  const backend = offload === 'backend'
  feature(`payloads/large-ones-by-${offload}`, { backend }, async (stage) => {
    const app = appWith(stage, { offload: backend ? 'backend' : s3Url() })
    const seen: string[] = []
    const task = app.task({
      name: 'task',
      input: type<{ text: string }>(),
      ignoreResult: true,
      run: ({ text }) => void seen.push(text),
    })
    const echo = echoOf(app)
    await stage.worker(app)
    await task.delayMany([{ text: `${long}1` }, { text: 'short' }])
    if (stage.pair.hasBackend) {
      const result = await echo.delay({ text: long })
      expect(await result.get({ timeout: '20s' })).toEqual({ text: long })
      expect(await result.info()).toMatchObject({ state: 'SUCCESS', result: { text: long } })
    }
    await until(() => stage.runs(seen).length === 2)
    expect([...stage.runs(seen)].map(({ length }) => length).sort()).toEqual(
      [long.length + 1, 'short'.length].sort(),
    )
  })
}

feature('payloads/too-large-without', { backend: false }, async (stage) => {
  const refused = expect.objectContaining({ code: 'PAYLOAD_TOO_LARGE' })
  await expect(echoOf(stage.app()).delay({ text: long })).rejects.toEqual(refused)
  const payload = { offload: new TestPayloads(), max: '1mb' } as const
  await expect(echoOf(stage.app({ payload })).delay({ text: long })).rejects.toEqual(refused)
})

feature('payloads/gone-when-the-task-has-ended', { backend: true }, async (stage) => {
  const store = new TestPayloads()
  const app = stage.app({ payload: { offload: store, above: '4kb' } })
  const echo = echoOf(app)
  const { id } = await echo.delay({ text: mid })
  expect(store.inputs).toEqual([expect.stringContaining(`${id}.0/`)])
  await echo.delay({ text: 'short' })
  expect(store.inputs).toHaveLength(1)
  const revoked = await echo.delay({ text: mid })
  await revoked.revoke()
  expect(store.inputs).toHaveLength(2)
  await stage.worker(app)
  expect(await app.result<typeof echo>(id).get({ timeout: '10s' })).toEqual({ text: mid })
  await until(() => store.inputs.length === 0)
  expect(await revoked.status()).toBe('REVOKED')
  // The result outlives the input.
  expect(store.kept.size).toBe(1)
})

feature('payloads/kept-for-retries-and-dead-letters', { backend: true }, async (stage) => {
  const store = new TestPayloads()
  const app = stage.app({ payload: { offload: store, above: '4kb' } })
  let broken = true
  const seen: number[] = []
  const task = app.task({
    name: 'task',
    input: type<{ text: string }>(),
    retry: { maxRetries: 1, backoff: { type: 'fixed', base: '10ms' } },
    run: ({ text }) => {
      seen.push(text.length)
      if (broken) throw new Error('still broken')
      return text.length
    },
  })
  await stage.worker(app)
  const results = await task.delayMany([{ text: mid }, { text: mid }])
  const letters = await until(async () => {
    const found = await app.deadLetters.list('default')
    return stage.runs(found.map(({ id }) => id)).length === 2 && found
  }, 30_000)
  expect(stage.runs(seen)).toEqual(stage.runs([1, 2, 3, 4].map(() => mid.length)))
  expect(store.inputs).toHaveLength(2)
  // A retry carries the reference: nothing is put again.
  expect(store.written).toHaveLength(2)
  broken = false
  const [first, second] = stage.runs(letters.map(({ id }) => id))
  // What a look at the letters gives back may be on its way for a moment.
  let retried = 0
  await until(async () => {
    retried += await app.deadLetters.retry('default', { ids: [first ?? ''] })
    return retried > 0
  })
  expect(stage.counts(retried, 1), `${retried} retried`).toBe(true)
  const again = results.find(({ id }) => id === first)
  expect(await again?.get({ timeout: '20s' })).toBe(mid.length)
  // A letter that is dropped takes it along.
  await until(() => store.inputs.length === 1)
  expect(store.inputs[0]).toContain(second)
  let dropped = 0
  await until(async () => {
    dropped += await app.deadLetters.drop('default')
    return dropped > 0 && store.inputs.length === 0
  })
  expect(stage.counts(dropped, 1), `${dropped} dropped`).toBe(true)
})

feature('payloads/missing-is-a-dead-letter', { backend: false }, async (stage) => {
  const store = new TestPayloads()
  const app = stage.app({ payload: { offload: store, above: '4kb' } })
  const ran: string[] = []
  const task = app.task({
    name: 'task',
    input: type<{ text: string }>(),
    run: ({ text }) => void ran.push(text.slice(0, 5)),
  })
  const gone = await task.delay({ text: mid })
  store.kept.clear()
  const damaged = await task.delay({ text: `other ${mid}` })
  for (const [key, body] of store.kept) store.kept.set(key, body.with(9, 7))
  const failures: { id: string; error?: { code?: string } }[] = []
  app.on('failed', (event) => failures.push(event))
  const { id } = await task.delay({ text: `whole ${mid}` })
  expect(store.inputs.some((key) => key.includes(id))).toBe(true)
  await stage.worker(app)
  const failed = () => stage.runs(failures.map((event) => event.id))
  await until(() => failed().length === 2 && stage.runs(ran).length === 1)
  expect(stage.runs(ran)).toEqual(['whole'])
  expect([...failed()].sort()).toEqual([gone.id, damaged.id].sort())
  for (const { error } of failures) expect(error).toMatchObject({ code: 'PAYLOAD_MISSING' })
  const letters = await until(async () => {
    const found = await app.deadLetters.list('default')
    return stage.runs(found.map((letter) => letter.id)).length === 2 && found
  })
  expect(letters[0]).toMatchObject({ task: 'task', reason: 'payload missing' })
})

feature('payloads/a-store-that-is-away-loses-nothing', { backend: false }, async (stage) => {
  const store = new TestPayloads()
  const payload = { offload: store, above: '4kb' } as const
  const app = stage.app({ payload })
  const hasty = echoOf(stage.app({ payload, publishTimeout: '100ms' }))
  const ran: number[] = []
  const task = app.task({
    name: 'task',
    input: type<{ text: string }>(),
    run: ({ text }) => void ran.push(text.length),
  })
  store.away = true
  await expect(hasty.delay({ text: mid })).rejects.toMatchObject({
    code: 'PAYLOAD_STORE_UNREACHABLE',
    retryable: true,
  })
  store.away = false
  await task.delay({ text: mid })
  store.away = true
  await stage.worker(app)
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(ran).toEqual([])
  store.away = false
  await until(() => stage.runs(ran).length === 1)
  expect(stage.runs(ran)).toEqual([mid.length])
})

test('a worker without the store passes it on to one that has it', async () => {
  const stage = new Stage(pairs[0] as Pair)
  const store = new TestPayloads()
  const sender = stage.app({ payload: { offload: store, above: '4kb' } })
  const ran: string[] = []
  const define = (app: App<undefined>, name: string) =>
    app.task({ name: 'task', input: type<{ text: string }>(), run: () => void ran.push(name) })
  const task = define(sender, 'with')
  const passedOn = gate()
  const quiet = () => {}
  const warn = (text: string) =>
    text.includes('waits for a worker that can read its input') && passedOn.open()
  const other = stage.app({ logger: { debug: quiet, info: quiet, error: quiet, warn } })
  define(other, 'without')
  await task.delay({ text: mid })
  const without = await stage.worker(other)
  await passedOn.opened
  await without.stop()
  await stage.worker(sender)
  await until(() => stage.runs(ran).length === 1, 30_000)
  expect(stage.runs(ran)).toEqual(['with'])
  await stage.end()
})

feature('payloads/workflows-of-large-steps', { backend: true }, async (stage) => {
  const store = new TestPayloads()
  const app = stage.app({ payload: { offload: store, above: '8kb' } })
  const grow = app.task({
    name: 'grow',
    input: type<{ text: string; by: string }>(),
    run: ({ text, by }) => text + by,
  })
  const wrap = app.task({ name: 'wrap', input: type<string>(), run: (text) => text })
  const both = app.task({
    name: 'both',
    input: type<{ text: string; by: string }>(),
    run: ({ text, by }) => text.length + by.length,
  })
  const join = app.task({
    name: 'join',
    input: type<readonly string[]>(),
    run: (texts) => texts.map(({ length }) => length),
  })
  await stage.worker(app)
  const chained = await chain(
    grow.s({ text: mid, by: mid }),
    wrap.s(),
    // The rest of the input of a later step, too, is more than a message may have.
    both.s({ by: mid }, { from: 'text' }),
  ).delay()
  expect(await chained.get({ timeout: '30s' })).toBe(3 * mid.length)
  const joined = await chord(
    [1, 2, 3].map((n) => grow.s({ text: mid.repeat(n), by: mid })),
    join.s(),
  ).delay()
  expect(await joined.get({ timeout: '30s' })).toEqual([2, 3, 4].map((n) => n * mid.length))
  const grown = await group([1, 2].map((n) => grow.s({ text: mid.repeat(n), by: mid }))).delay()
  expect(await grown.get({ timeout: '30s' })).toEqual([2, 3].map((n) => mid.repeat(n)))
  // What is left are results and values of groups, which are read later.
  await until(() => store.inputs.length === 0)
})

test('what cannot be meant is refused', async () => {
  const refused = (code: string, text: string) =>
    expect.objectContaining({ code, message: expect.stringContaining(text) })
  const app = (payload: unknown) => createApp({ broker: 'memory:', payload: payload as PayloadOptions })
  expect(() => app({ offload: 'ftp' })).toThrow(refused('INVALID_OPTION', "'ftp'"))
  expect(() => app({ offload: 'backend', above: '64 potatoes' })).toThrow(
    refused('INVALID_OPTION', 'payload.above'),
  )
  expect(() => app({ offload: 'backend', above: '1kb' })).toThrow(refused('INVALID_OPTION', '4096'))
  expect(() => app({ offload: 'backend', over: 1 })).toThrow(refused('INVALID_OPTION', "'over'"))
  await expect(app({ offload: 's3' }).open()).rejects.toEqual(refused('INVALID_OPTION', 'TQ_PAYLOAD_URL'))
  const without = createApp({ broker: 'memory:', backend: false, payload: { offload: 'backend' } })
  await expect(without.open()).rejects.toEqual(refused('BACKEND_REQUIRED', 'payload.offload'))
})
