import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { commandsOf, snippetsOf } from './snippets.ts'

const page = new URL('../../docs/guide/schedules.md', import.meta.url)
const root = join(dirname(fileURLToPath(page)), '../..')
const tq = join(root, 'packages/cli/src/main.ts')
const fromSource = ['-C', '@tq/source']

test('the guide to schedules: its code runs as it stands, with the commands it names', async () => {
  // Inside the workspace, so that the packages are found.
  const folder = mkdtempSync(join(root, 'test/docs/.schedules-'))
  try {
    for (const { file, code } of snippetsOf(page)) writeFileSync(join(folder, file), code)
    const env = { ...process.env, TQ_BROKER_URL: 'sqlite:queue.db' }
    const run = (words: readonly string[]) =>
      promisify(execFile)(process.execPath, [...fromSource, ...words], { cwd: folder, env })
    const commands = commandsOf(page).map((line) => line.replace('npx tq ', '').split(' '))
    const [, worker = [], beat = [], list = []] = commands
    const running = [worker, beat].map((words) =>
      spawn(process.execPath, [...fromSource, tq, ...words, '--log-format', 'json'], { cwd: folder, env }),
    )
    try {
      const lines = running.map(({ stdout }) => createInterface(stdout))
      const said = (at: number, text: string) =>
        new Promise<void>((resolve) => lines[at]?.on('line', (line) => line.includes(text) && resolve()))
      const reminded = said(0, 'trial-ends/42@')
      await Promise.all([said(0, '"message":"ready"'), said(1, '"message":"beat ready"')])
      const { stdout } = await run(['live.ts'])
      expect(stdout.trim().split('\n')).toEqual([
        'updated',
        'clean-up code active 5',
        'report code active 5',
        'trial-ends/42 store active 1',
        'update-knowledge-base code active 5',
      ])
      await reminded
      expect((await run([tq, ...list])).stdout).toMatch(/^trial-ends\/42 +ended +store/m)
    } finally {
      await Promise.all(
        running.map(async (child) => {
          const ended = new Promise((resolve) => child.once('exit', resolve))
          child.kill('SIGTERM')
          await ended
        }),
      )
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
