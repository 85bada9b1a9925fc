import { Reject, type } from '@tq/core'
import { expect } from 'vitest'
import { feature, next, until } from './feature.ts'

const quick = { backoff: { type: 'fixed', base: '20ms' } } as const

feature('retries/until-it-works', { backend: false }, async (stage) => {
  const app = stage.app()
  const attempts: number[] = []
  const flaky = app.task({
    name: 'flaky',
    retry: { ...quick, maxRetries: 3 },
    run: (_, { attempt }) => {
      attempts.push(attempt)
      if (attempt < 2) throw new Error('not yet')
    },
  })
  await stage.worker(app)
  const done = next(app, 'succeeded')
  await flaky.delay()
  expect(await done).toMatchObject({ attempt: 2 })
  expect(stage.runs(attempts)).toEqual([0, 1, 2])
})

feature('retries/used-up-ends-in-failure-and-dead-letter', { backend: false }, async (stage) => {
  const app = stage.app()
  const attempts: number[] = []
  const broken = app.task({
    name: 'broken',
    retry: { ...quick, maxRetries: 2 },
    run: (_, { attempt }) => {
      attempts.push(attempt)
      throw new Error('never works')
    },
  })
  await stage.worker(app)
  const failed = next(app, 'failed')
  const { id } = await broken.delay()
  expect(await failed).toMatchObject({ id, attempt: 2, reason: 'retries used up' })
  expect(stage.runs(attempts)).toEqual([0, 1, 2])
  const letters = await until(async () => {
    const found = await app.deadLetters.list('default')
    return found.length > 0 && found
  })
  expect(stage.runs(letters.map((letter) => letter.id))).toEqual([id])
  const reason = { reason: 'retries used up', error: 'Error: never works' }
  expect(letters[0]).toMatchObject({ id, task: 'broken', queue: 'default', ...reason })
})

feature('retries/reject-is-final', { backend: false }, async (stage) => {
  const app = stage.app()
  const hopeless = app.task({
    name: 'hopeless',
    retry: quick,
    run: () => {
      throw new Reject('no such customer')
    },
  })
  await stage.worker(app)
  const failed = next(app, 'failed')
  await hopeless.delay()
  expect(await failed).toMatchObject({ attempt: 0, reason: 'not retryable', error: { name: 'Reject' } })
})

feature('retries/asked-for-by-the-task', { backend: false }, async (stage) => {
  const app = stage.app()
  const seen: number[] = []
  let asked = false
  const asks = app.task({
    name: 'asks',
    retry: { maxRetries: 1 },
    run: (_, ctx) => {
      seen.push(ctx.attempt)
      if (!asked) {
        asked = true
        ctx.retry({ delay: 20, countAttempt: false })
      }
      if (ctx.attempt === 0) ctx.retry({ delay: 20 })
    },
  })
  await stage.worker(app)
  const done = next(app, 'succeeded')
  await asks.delay()
  await done
  expect(stage.runs(seen)).toEqual(stage.runs([0, 0, 1]))

  // Given up: what is told is why it asked, not that it did.
  const givesUp = app.task({
    name: 'gives-up',
    retry: { maxRetries: 0 },
    run: (_, ctx) => ctx.retry({ cause: new RangeError('the disk is full') }),
  })
  const failed = next(app, 'failed')
  await givesUp.delay()
  expect(await failed).toMatchObject({
    reason: 'retries used up',
    error: { name: 'RangeError', message: 'the disk is full' },
  })
})

feature('retries/attempts-are-kept', { backend: true }, async (stage) => {
  const app = stage.app()
  const broken = app.task({
    name: 'broken',
    input: type<{ n: number }>(),
    retry: { ...quick, maxRetries: 1 },
    run: ({ n }, { attempt }) => {
      throw new Error(`attempt ${attempt} of ${n}`)
    },
  })
  await stage.worker(app)
  const result = await broken.delay({ n: 7 })
  await expect(result.get({ timeout: '5s' })).rejects.toMatchObject({ error: { message: 'attempt 1 of 7' } })
})

feature('dead-letters/run-again-or-drop', { backend: false }, async (stage) => {
  const app = stage.app()
  let broken = true
  const task = app.task({
    name: 'task',
    retry: { maxRetries: 0 },
    run: () => {
      if (broken) throw new Error('still broken')
      return 'fine'
    },
  })
  await stage.worker(app)
  for (const _ of [1, 2]) {
    const failed = next(app, 'failed')
    await task.delay()
    await failed
  }
  const [first] = await until(async () => {
    const letters = await app.deadLetters.list('default')
    return stage.runs(letters.map((letter) => letter.id)).length === 2 && letters
  })
  broken = false
  const done = next(app, 'succeeded')
  // What a look at the letters gives back may be on its way for a moment.
  let retried = 0
  await until(async () => {
    retried += await app.deadLetters.retry('default', { ids: [first?.id ?? ''] })
    return retried > 0
  })
  expect(stage.counts(retried, 1), `${retried} retried`).toBe(true)
  expect(await done).toMatchObject({ id: first?.id, attempt: 0 })
  if (stage.pair.hasBackend) {
    expect(await app.result(first?.id ?? '').info()).toMatchObject({
      state: 'SUCCESS',
      generation: 1,
      result: 'fine',
    })
  }
  let dropped = 0
  await until(async () => {
    dropped += await app.deadLetters.drop('default')
    return dropped > 0 && (await app.deadLetters.list('default')).length === 0
  })
  expect(stage.counts(dropped, 1), `${dropped} dropped`).toBe(true)
})

feature('dead-letters/run-again-once-though-they-die-again', { backend: false }, async (stage) => {
  const app = stage.app({ defaults: { retry: { maxRetries: 0 } } })
  let runs = 0
  const hopeless = app.task({
    name: 'hopeless',
    run: () => {
      runs++
      throw new Error('no')
    },
  })
  await stage.worker(app)
  await hopeless.delayMany([undefined, undefined])
  const bothDead = async () => {
    const letters = await app.deadLetters.list('default')
    return stage.runs(letters.map(({ id }) => id)).length === 2
  }
  await until(bothDead)
  let retried = 0
  // What a look at the letters gives back may be on its way for a moment.
  await until(async () => {
    retried = await app.deadLetters.retry('default')
    return retried > 0
  })
  if (stage.unruly) expect(retried).toBeGreaterThan(0)
  else expect([1, 2]).toContain(retried)
  await until(bothDead)
  if (!stage.unruly) expect(runs).toBe(2 + retried)
})

feature('dead-letters/run-again-by-its-id-is-none-any-more', { backend: true }, async (stage) => {
  const app = stage.app({ defaults: { retry: { maxRetries: 0 } } })
  let broken = true
  const task = app.task({
    name: 'task',
    run: () => {
      if (broken) throw new Error('no')
      return 'fine'
    },
  })
  await stage.worker(app)
  const result = await task.delay()
  await until(async () => (await app.deadLetters.list('default')).length > 0)
  broken = false
  await app.control.retry(result.id)
  expect(await result.get({ timeout: '10s' })).toBe('fine')
  expect(await app.deadLetters.list('default')).toEqual([])
  expect(await app.deadLetters.retry('default')).toBe(0)
  expect(await result.info()).toMatchObject({ state: 'SUCCESS', generation: 1 })
})

feature('dead-letters/capped-by-count-and-age', { backend: false }, async (stage) => {
  const app = stage.app({ deadLetters: { keep: 3 }, defaults: { retry: { maxRetries: 0 } } })
  const hopeless = app.task({
    name: 'hopeless',
    run: () => {
      throw new Error('always')
    },
  })
  await hopeless.delayMany(Array.from({ length: 8 }))
  const worker = await stage.worker(app, { concurrency: 1 })
  await until(async () => {
    const { ready } = await app.counts('default.dead')
    return stage.counts(ready, 8)
  })
  await worker.stop()
  const { ready } = await app.counts('default.dead')
  const gone = await app.deadLetters.trim('default')
  const left = (await app.deadLetters.list('default')).length
  if (stage.unruly) {
    // A letter that is there twice is counted twice, and one that came once more as it was dropped is there again.
    expect(gone).toBeGreaterThan(0)
    expect(left).toBeGreaterThan(0)
  } else expect([gone, left]).toEqual([ready - 3, 3])
  const strict = stage.app({ deadLetters: { expires: '1ms' } })
  const trimmed = await strict.deadLetters.trim('default')
  if (stage.unruly) expect(trimmed).toBeGreaterThan(0)
  else expect(trimmed).toBe(left)
})
