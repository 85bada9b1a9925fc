import { afterEach, expect, test, vi } from 'vitest'
import { createApp, defineTask } from '../src/index.ts'
import { consoleLogger } from '../src/util/console-logger.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

test.each([
  ['', ['warn', 'error']],
  ['info', ['info', 'warn', 'error']],
  ['DEBUG', ['debug', 'info', 'warn', 'error']],
  ['error', ['error']],
  ['loud', ['warn', 'error']],
])('the level %j shows %j', (level, expected) => {
  const shown: string[] = []
  for (const name of ['debug', 'info', 'warn', 'error'] as const)
    vi.spyOn(console, name).mockImplementation((text: string) => void shown.push(text))
  const logger = consoleLogger(level)
  for (const name of ['debug', 'info', 'warn', 'error'] as const) logger[name]('said', { id: 1 })
  expect(shown).toEqual(expected.map((name) => `tq ${name} said {"id":1}`))
})

test('a name in the place of a task is refused, and what to write instead is said', async () => {
  const app = createApp({ broker: 'memory:' })
  await expect(app.send('mail.send' as never, 'ann')).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringContaining('defineTask'),
  })
  const contract = defineTask({ name: 'mail.send' })
  expect((await app.send(contract, undefined)).id).toBeTypeOf('string')
  await app.close()
})
