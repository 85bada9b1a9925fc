import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Broker, systemClock } from '@tq/core/driver'
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest'
import { adapter, sqlite } from '../src/index.ts'
import { Syncer } from '../src/syncer.ts'

/** Syncs that were asked for and wait for the test to end them. */
const disk = vi.hoisted(() => ({ asked: [] as ((error: Error | null) => void)[], held: false, onTheSpot: 0 }))

vi.mock('node:fs', async (original) => {
  const real = await original<typeof import('node:fs')>()
  return {
    ...real,
    fdatasync(descriptor: number, done: (error: Error | null) => void) {
      if (disk.held) disk.asked.push(done)
      else real.fdatasync(descriptor, done)
    },
    fdatasyncSync(descriptor: number) {
      disk.onTheSpot++
      real.fdatasyncSync(descriptor)
    },
  }
})

const folder = mkdtempSync(join(tmpdir(), 'tq-sqlite-syncer-'))
const log = join(folder, 'plain')
const message = { id: 'a', body: new Uint8Array(), headers: {} }
const record = {
  id: 'task',
  name: 'a.task',
  queue: 'q',
  state: 'SUCCESS',
  generation: 0,
  attempt: 0,
  epoch: 0,
  updatedAt: 0,
  detail: '{}',
  ttlMs: 60_000,
  markMs: 60_000,
} as const
let brokers: Broker[] = []

beforeEach(() => {
  Object.assign(disk, { asked: [], held: true, onTheSpot: 0 })
})
afterEach(async () => {
  release()
  for (const broker of brokers) await broker.close()
  brokers = []
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The disk answers from now on. */
function release(): void {
  disk.held = false
  for (const done of disk.asked.splice(0)) done(null)
}

async function turns(count = 5): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

async function open(name: string, options = {}) {
  const context = { namespace: 'sync', clock: systemClock }
  const url = `sqlite:${join(folder, `${name}.db`)}`
  const from = sqlite(options)
  const broker = from.createBroker?.(url, context)
  const backend = adapter.createBackend?.(url, context)
  if (!broker || !backend) throw new Error('the adapter makes both')
  brokers.push(broker)
  await broker.open()
  return { broker, backend }
}

test('nothing is accepted before it is on the disk, and what does not need that does not wait', async () => {
  const { broker } = await open('accepted')
  const receiver = await broker.openReceiver('q', { leaseMs: 60_000, prefetch: 10 })
  let accepted = false
  const publishing = broker.publish('q', [message]).then((outcomes) => {
    accepted = true
    return outcomes
  })
  await turns()
  expect(disk.asked).toHaveLength(1)
  expect(accepted).toBe(false)
  // A lease lost in a power cut was held by a process that is gone as well.
  const signal = new AbortController().signal
  const [delivery] = await receiver.receive({ max: 1, waitMs: 1_000, signal })
  expect(delivery?.message.id).toBe('a')
  expect(accepted).toBe(false)
  release()
  expect(await publishing).toEqual(['accepted'])
})

test("synchronous 'normal' waits for no disk", async () => {
  const { broker } = await open('normal', { synchronous: 'normal' })
  expect(await broker.publish('q', [message])).toEqual(['accepted'])
  expect(disk.asked).toHaveLength(0)
})

test('a result that can be seen is on the disk', async () => {
  const { broker, backend } = await open('seen')
  await backend.open()
  const putting = backend.results.put([record])
  await turns()
  let seen = false
  const reading = backend.results.get(['task']).then(([found]) => {
    seen = true
    return found
  })
  await turns()
  expect(seen).toBe(false)
  release()
  expect(await putting).toEqual(['stored'])
  expect((await reading)?.state).toBe('SUCCESS')
  await backend.close()
  await broker.close()
})

test('one sync serves all that came before it, and those that come during it share the next', async () => {
  writeFileSync(log, '')
  writeFileSync(`${log}-wal`, '')
  const syncer = new Syncer(log, systemClock, () => 0)
  const order: string[] = []
  const first = syncer.sync().then(() => order.push('first'))
  const second = syncer.sync().then(() => order.push('second'))
  const third = syncer.sync().then(() => order.push('third'))
  expect(disk.asked, 'one under way').toHaveLength(1)
  disk.asked.shift()?.(null)
  await first
  expect(disk.asked, 'one for those that came meanwhile').toHaveLength(1)
  expect(order).toEqual(['first'])
  disk.asked.shift()?.(null)
  await Promise.all([second, third])
  expect(disk.asked).toHaveLength(0)
  syncer.close()
})

test('a disk that fails is told to whoever relies on it', async () => {
  writeFileSync(`${log}-wal`, '')
  const syncer = new Syncer(log, systemClock, () => 0)
  const failing = syncer.sync()
  disk.asked.shift()?.(new Error('EIO: i/o error, fdatasync'))
  await expect(failing).rejects.toThrow('EIO')
  syncer.close()
})

test('busy threads hold up no commit for long', async () => {
  writeFileSync(`${log}-wal`, '')
  const syncer = new Syncer(log, systemClock, () => 0)
  // The answer of the threads never comes.
  await syncer.sync()
  expect(disk.onTheSpot).toBe(1)
  release()
  syncer.close()
})
