import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createApp, createWorker } from '@tq/core'
import { memory } from '@tq/core/testing'
import { expect, test } from 'vitest'
import { commandsOf, snippetsOf } from './snippets.ts'

const guide = new URL('../../docs/guide/monitoring.md', import.meta.url)
const root = dirname(fileURLToPath(new URL('../../README.md', import.meta.url)))
const text = readFileSync(guide, 'utf8')

test('the guide to monitoring: its code prints what it says, its commands run', async () => {
  const folder = mkdtempSync(join(root, 'test/docs/.monitoring-'))
  const run = async (words: readonly string[]) => {
    const env = { ...process.env, TQ_BROKER_URL: 'sqlite:queue.db' }
    const options = { cwd: folder, env, timeout: 30_000 }
    return (await promisify(execFile)(process.execPath, ['-C', '@tq/source', ...words], options)).stdout
  }
  try {
    for (const { file, code } of snippetsOf(guide)) writeFileSync(join(folder, file), code)
    const [, printed = ''] = /```text\n([\s\S]*?)```/.exec(text) ?? []
    expect(await run(['operate.ts'])).toBe(printed)
    const commands = commandsOf(guide).filter((line) => line !== 'npx tq events')
    expect(commands.length).toBeGreaterThanOrEqual(6)
    for (const line of commands) {
      expect(line).toMatch(/^npx tq /)
      const words = line.split(' ').slice(2)
      // Without a worker some of them end with 1; none is misspelled, which would be 2.
      const { code } = await run([join(root, 'packages/cli/src/main.ts'), ...words]).then(
        () => ({ code: 0 }),
        (error: { code: number }) => error,
      )
      expect({ line, code: code < 2 }).toEqual({ line, code: true })
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('the Grafana dashboard and the KEDA examples ask for metrics there are', async () => {
  const app = createApp({ broker: 'memory:', adapters: [memory()] })
  const task = app.task({ name: 'task', run: () => {} })
  const worker = createWorker(app, { metricsPort: 0 })
  await worker.start()
  await (await task.delay()).get({ timeout: '5s' })
  const served = await (await fetch(`http://127.0.0.1:${worker.metricsPort}/metrics`)).text()
  await worker.stop()
  await app.close()
  const known = new Set([...served.matchAll(/^(tq_\w+)/gm)].map(([, name]) => name))
  for (const file of ['grafana.json', 'keda-prometheus.yaml']) {
    const page = readFileSync(join(root, 'docs/monitoring', file), 'utf8')
    if (file.endsWith('.json')) expect(() => JSON.parse(page) as unknown).not.toThrow()
    const asked = [...page.matchAll(/\btq_\w+/g)].map(([name]) => name)
    expect(asked.length).toBeGreaterThan(1)
    expect(asked.filter((name) => !known.has(name))).toEqual([])
  }
})
