import { expect } from 'vitest'
import { feature, next, until } from './feature.ts'
import { defineIsolated } from './fixtures/isolated.ts'

const modules = [new URL('./fixtures/isolated.ts', import.meta.url).href]

feature('isolation/runs-in-a-child-process', { backend: true }, async (stage) => {
  const app = stage.app()
  const { add, reject, giveUp } = defineIsolated(app)
  await stage.worker(app, { modules })
  const { sum, pid } = await (await add.delay({ x: 2, y: 3 })).get({ timeout: '10s' })
  expect(sum).toBe(5)
  expect(pid).not.toBe(process.pid)
  // The child is kept for the next one, unless the first is running once more.
  const again = (await (await add.delay({ x: 1, y: 1 })).get({ timeout: '10s' })).pid
  if (!stage.unruly) expect(again).toBe(pid)
  const failed = next(app, 'failed')
  await reject.delay()
  expect(await failed).toMatchObject({ attempt: 0, error: { name: 'Reject', message: 'not this one' } })
  const givenUp = next(app, 'failed')
  await giveUp.delay()
  expect(await givenUp).toMatchObject({ error: { name: 'RangeError', message: 'the disk is full' } })
})

feature('isolation/hard-limit-kills-the-process-group', { backend: true }, async (stage) => {
  const app = stage.app()
  const { spin } = defineIsolated(app)
  await stage.worker(app, { modules })
  const failed = next(app, 'failed')
  const result = await spin.delay()
  const grandchild = await until(async () => Number((await result.info())?.progress?.message) || undefined)
  expect(await failed).toMatchObject({ error: { name: 'TimeLimitExceeded' } })
  expect(await result.status()).toBe('FAILURE')
  await until(() => !isAlive(grandchild))
})

feature('isolation/crashes-are-counted-apart', { backend: false }, async (stage) => {
  const app = stage.app()
  const { crash } = defineIsolated(app)
  await stage.worker(app, { modules })
  const failed = next(app, 'failed')
  await crash.delay()
  expect(await failed).toMatchObject({
    attempt: 0,
    reason: 'crashed 2 times',
    error: { name: 'TaskCrashed' },
  })
})

feature('isolation/terminate-kills-it', { backend: true }, async (stage) => {
  const app = stage.app()
  const { obedient } = defineIsolated(app)
  await stage.worker(app, { modules })
  const started = next(app, 'started')
  const revoked = next(app, 'revoked')
  const result = await obedient.delay()
  await started
  await result.revoke({ terminate: true })
  await revoked
  expect(await result.status()).toBe('REVOKED')
})

feature('isolation/needs-to-know-the-module', { backend: false }, async (stage) => {
  const app = stage.app()
  defineIsolated(app)
  await expect(stage.worker(app)).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringContaining('isolated.'),
  })
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
