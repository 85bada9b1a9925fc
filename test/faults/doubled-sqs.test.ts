import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApp, createWorker } from '@tq/core'
import { sqlite } from '@tq/sqlite'
import { sqs } from '@tq/sqs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OwnSqs, startOwnSqs } from '../../packages/sqs/test/services/own.ts'
import { sqsUrl } from '../../packages/sqs/test/services/test-sqs.ts'
import { gate, until } from '../features/feature.ts'

let own: OwnSqs
const folder = mkdtempSync(join(tmpdir(), 'tq-doubled-'))
beforeAll(async () => {
  own = await startOwnSqs({ duplicates: 1 })
})
afterAll(async () => {
  await own.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** A process's app: its runs wait at a gate of its own. */
function appOf(name: string) {
  const app = createApp({
    broker: sqsUrl(own.endpoint),
    backend: `sqlite:${join(folder, 'backend.db')}`,
    adapters: [sqs(), sqlite()],
    namespace: 'doubled',
    logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
  })
  const started = gate()
  const end = gate()
  const task = app.task({
    name: 'task',
    run: async () => {
      started.open()
      await end.opened
      return name
    },
  })
  return { app, task, started, end }
}

test('of a message that came twice, the run that lost the task does not take the message along', {
  timeout: 60_000,
}, async () => {
  const [first, second] = [appOf('first'), appOf('second')]
  const lost = new Promise((resolve) => first.app.on('lost', resolve))
  const result = await first.task.delay()
  const workers = [createWorker(first.app, { concurrency: 1 }), createWorker(second.app, { concurrency: 1 })]
  await workers[0]?.start()
  await first.started.opened
  // Once is enough; and from now on a handle works although another receive has superseded it, as SQS's may.
  await own.setFaults({ staleHandles: 'work' })
  await workers[1]?.start()
  await second.started.opened
  first.end.open()
  await lost
  // It waits, to be dropped when the task has ended, or to run again if its other worker is gone.
  await until(async () => (await first.app.counts('default')).delayed === 1)
  second.end.open()
  expect(await result.get({ timeout: '10s' })).toBe('second')
  await Promise.all(workers.map((worker) => worker.stop()))
  await Promise.all([first.app.close(), second.app.close()])
})
