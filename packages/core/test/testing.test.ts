import { afterEach, describe, expect, test } from 'vitest'
import { chain, createApp, group, type } from '../src/index.ts'
import { createVirtualClock, startTesting, type Testing } from '../src/testing.ts'

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const app = createApp({ broker: 'redis://nobody.invalid', logger: quiet })
const seen: string[] = []
const add = app.task({ name: 'add', input: type<{ x: number; y: number }>(), run: ({ x, y }) => x + y })
const note = app.task({ name: 'note', input: type<string>(), run: (text) => void seen.push(text) })
const flaky = app.task({
  name: 'flaky',
  retry: { maxRetries: 3, backoff: { type: 'fixed', base: '1m', jitter: false } },
  run: (_, { attempt }) => {
    seen.push(`attempt ${attempt}`)
    if (attempt < 2) throw new Error('not yet')
    return 'done'
  },
})
const signUp = app.task({
  name: 'sign-up',
  input: type<string>(),
  run: async (name) => {
    await note.delay(`welcome ${name}`)
    await note.applyAsync(`how are you, ${name}?`, { countdown: '3w' })
  },
})

let testing: Testing
afterEach(async () => {
  await testing.stop()
  seen.length = 0
})

describe('startTesting', () => {
  test('runs what is sent, on the app as it is, whatever broker it names', async () => {
    testing = await startTesting(app)
    const result = await add.delay({ x: 1, y: 2 })
    await testing.idle()
    expect(await result.get()).toBe(3)
    expect(testing.sentOf(add)).toMatchObject([{ id: result.id, input: { x: 1, y: 2 }, queue: 'default' }])
  })

  test('three weeks pass in a moment, and what was due has run', async () => {
    testing = await startTesting(app, { startAt: new Date('2026-03-01T00:00:00Z') })
    await signUp.delay('Ann')
    await testing.idle()
    expect(seen).toEqual(['welcome Ann'])
    const began = performance.now()
    await testing.advance('20d')
    expect(seen).toEqual(['welcome Ann'])
    await testing.advance('1d')
    expect(seen).toEqual(['welcome Ann', 'how are you, Ann?'])
    expect(testing.now().toISOString().slice(0, 10)).toBe('2026-03-22')
    expect(performance.now() - began).toBeLessThan(3_000)
    const [sent] = testing.sentOf(signUp)
    expect(testing.sentOf(note).map(({ parent, delayMs }) => [parent, delayMs])).toEqual([
      [sent?.id, 0],
      [sent?.id, 3 * 7 * 86_400_000],
    ])
  })

  test('retries wait for their backoff, and are not sent anew', async () => {
    testing = await startTesting(app)
    const result = await flaky.delay()
    await testing.idle()
    expect(await result.status()).toBe('RETRY')
    await testing.advance('59s')
    expect(seen).toEqual(['attempt 0'])
    await testing.advance('2m')
    expect(seen).toEqual(['attempt 0', 'attempt 1', 'attempt 2'])
    expect(await result.get()).toBe('done')
    expect(testing.sent).toHaveLength(1)
  })

  test('eager: what is sent has run when sending resolves, with all that follows', async () => {
    testing = await startTesting(app, { eager: true })
    const result = await chain(
      group([add.s({ x: 1, y: 1 }), add.s({ x: 2, y: 2 })]),
      note.si('joined'),
    ).delay()
    expect(await result.status()).toBe('SUCCESS')
    expect(seen).toEqual(['joined'])
    await signUp.delay('Bob')
    expect(seen).toEqual(['joined', 'welcome Bob'])
    await note.delayMany(['a', 'b'])
    expect(seen).toHaveLength(4)
    await expect(add.delay({ x: 1n as never, y: 2 })).rejects.toMatchObject({ code: 'INVALID_PAYLOAD' })
  })

  test('a run that is not believed happens again', async () => {
    testing = await startTesting(app, { eager: true })
    testing.faults.runAgain()
    const result = await note.delay('twice')
    expect(seen).toEqual(['twice', 'twice'])
    expect(await result.status()).toBe('SUCCESS')
    await note.delay('once')
    expect(seen.slice(2)).toEqual(['once'])
  })

  test('a broker that refuses is tried again, and then the sender is told', async () => {
    testing = await startTesting(app, { worker: false })
    testing.faults.refuseSends('blocked')
    const sending = add.delay({ x: 1, y: 2 })
    const told = expect(sending).rejects.toMatchObject({ code: 'BROKER_BLOCKED' })
    await testing.advance('11s')
    await told
    testing.faults.refuseSends('blocked')
    const late = add.delay({ x: 1, y: 2 })
    await testing.advance('1s')
    testing.faults.refuseSends(undefined)
    await testing.advance('5s')
    expect((await late).id).toBe(testing.sent[0]?.id)
  })

  test('nothing of one test is left in the next', async () => {
    testing = await startTesting(app, { worker: false })
    const { id } = await add.delay({ x: 1, y: 2 })
    await testing.stop()
    testing = await startTesting(app)
    expect(testing.sent).toEqual([])
    await expect(app.result(id).status()).rejects.toMatchObject({ code: 'UNKNOWN_RESULT' })
  })

  test('a handler that does real work is waited for; one that is stuck is told of', async () => {
    const other = createApp({ logger: quiet })
    const slow = other.task({ name: 'slow', run: () => new Promise((resolve) => setTimeout(resolve, 100)) })
    const stuck = other.task({ name: 'stuck', queue: 'swamp', run: () => new Promise(() => {}) })
    testing = await startTesting(other, { eager: true, worker: { grace: 0 } })
    expect(await (await slow.delay()).status()).toBe('SUCCESS')
    await expect(stuck.delay()).rejects.toThrow(/swamp/)
  }, 20_000)
})

test('a clock takes durations as everything else does', async () => {
  const clock = createVirtualClock(0)
  await clock.advance('1.5h')
  expect(clock.now()).toBe(5_400_000)
  await expect(clock.advance('soon' as never)).rejects.toMatchObject({ code: 'INVALID_DURATION' })
})
