import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const demo = (...words: readonly string[]) => {
  const file = join(import.meta.dirname, '../../scripts/demo')
  const { status, stdout, stderr } = spawnSync(file, words, { encoding: 'utf8', timeout: 30_000 })
  return { status, stdout, stderr }
}

test('scripts/demo tells what it does rather than doing it, and refuses what it does not know', () => {
  expect(demo('--help')).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('TQ_BROKER_URL'),
    stderr: '',
  })
  expect(demo('--port')).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining('--port') })
})
