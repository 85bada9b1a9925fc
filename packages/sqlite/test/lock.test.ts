import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '@tq/core/driver'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sqlite } from '../src/index.ts'

let folder: string
let file: string
let other: DatabaseSync

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tq-sqlite-lock-'))
  file = join(folder, 'tasks.db')
  other = new DatabaseSync(file)
})
afterEach(() => {
  other.close()
  rmSync(folder, { recursive: true, force: true })
})

async function open(busyTimeoutMs: number) {
  const context = { namespace: 'lock', clock: systemClock }
  const broker = sqlite({ busyTimeoutMs }).createBroker?.(`sqlite:${file}`, context)
  if (!broker) throw new Error('the adapter makes a broker')
  await broker.open()
  await broker.declare({ name: 'q' })
  return broker
}

const message = { id: 'a', body: new Uint8Array(), headers: {} }

test('a locked file holds up the change and not the event loop', async () => {
  const broker = await open(10_000)
  other.exec('BEGIN IMMEDIATE')
  let answered = false
  const publishing = broker.publish('q', [message]).then((outcomes) => {
    answered = true
    return outcomes
  })
  let longest = 0
  for (let turn = 0; turn < 40; turn++) {
    const before = performance.now()
    await sleep(5)
    longest = Math.max(longest, performance.now() - before)
  }
  expect(answered).toBe(false)
  expect(longest, 'milliseconds between two turns of the loop').toBeLessThan(2_000)
  other.exec('COMMIT')
  expect(await publishing).toEqual(['accepted'])
  await broker.close()
})

test('what reads does not wait for the lock', async () => {
  const broker = await open(10_000)
  other.exec('BEGIN IMMEDIATE')
  expect(await broker.admin?.counts('q')).toEqual({ ready: 0, leased: 0, delayed: 0 })
  other.exec('ROLLBACK')
  await broker.close()
})

test('a lock that is kept for too long means that the service is not reached, and nothing was stored', async () => {
  const broker = await open(150)
  other.exec('BEGIN IMMEDIATE')
  const error = await broker.publish('q', [message]).catch((thrown: unknown) => thrown)
  expect(broker.classify(error)).toBe('connection')
  other.exec('COMMIT')
  expect(await broker.publish('q', [{ ...message, id: 'b' }])).toEqual(['accepted'])
  expect((await broker.admin?.counts('q'))?.ready).toBe(1)
  await broker.close()
})

test('a new file is opened by one while another holds it', async () => {
  other.exec('BEGIN EXCLUSIVE')
  const opening = open(10_000)
  await sleep(100)
  other.exec('ROLLBACK')
  await (await opening).close()
})
