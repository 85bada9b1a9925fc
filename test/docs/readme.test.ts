import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { commandsOf, snippetsOf } from './snippets.ts'

const readme = new URL('../../README.md', import.meta.url)
const root = dirname(fileURLToPath(readme))
const tq = join(root, 'packages/cli/src/main.ts')
const fromSource = ['-C', '@tq/source']

test('the README: its code runs as it stands, with the commands it names', async () => {
  // Inside the workspace, so that the packages are found.
  const folder = mkdtempSync(join(root, 'test/docs/.readme-'))
  try {
    for (const { file, code } of snippetsOf(readme)) writeFileSync(join(folder, file), code)
    const commands = commandsOf(readme)
    const worker = commands.find((line) => line.startsWith('node_modules/.bin/tq worker'))
    expect(commands).toContain('node send.ts')
    const flags = worker?.replace('node_modules/.bin/tq worker', '').replace('&', '').trim().split(' ') ?? []
    const env = { ...process.env, TQ_BROKER_URL: 'sqlite:queue.db' }
    const running = spawn(process.execPath, [...fromSource, tq, 'worker', ...flags], {
      cwd: folder,
      env,
      stdio: 'ignore',
    })
    try {
      const { stdout } = await promisify(execFile)(process.execPath, [...fromSource, 'send.ts'], {
        cwd: folder,
        env,
      })
      expect(stdout.trim().split('\n')).toEqual(['5', '5'])
    } finally {
      const ended = new Promise((resolve) => running.once('exit', resolve))
      running.kill('SIGTERM')
      await ended
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
