import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { type KeeperSpec, systemClock } from '@tq/core/driver'
import { afterAll, expect, test } from 'vitest'
import { adapter } from '../src/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'tq-sqlite-keeper-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const signal = new AbortController().signal

async function open(name: string) {
  const context = { namespace: 'keeper', clock: systemClock }
  const broker = adapter.createBroker?.(`sqlite:${join(folder, name)}`, context)
  if (!broker) throw new Error('the adapter makes a broker')
  await broker.open()
  return broker
}

/** A thread that renews every so often, as the runtime's does. */
async function keepInThread(spec: KeeperSpec, everyMs: number): Promise<Worker> {
  const program = `
    const { parentPort, workerData } = require('node:worker_threads')
    import(workerData.module).then(async ({ createKeeper }) => {
      const keeper = await createKeeper(workerData.data)
      setInterval(async () => parentPort.postMessage(await keeper.extend()), workerData.everyMs)
      parentPort.postMessage('ready')
    })`
  const thread = new Worker(program, { eval: true, workerData: { ...spec, everyMs } })
  await once(thread, 'message')
  return thread
}

test('a keeper keeps the lease while the loop is blocked for three leases', { timeout: 30_000 }, async () => {
  const leaseMs = 600
  const broker = await open('blocked.db')
  const rival = await broker.openReceiver('q', { leaseMs, prefetch: 10 })
  const receiver = await broker.openReceiver('q', { leaseMs, prefetch: 10 })
  await broker.publish('q', [
    { id: 'a', body: new Uint8Array(), headers: {} },
    { id: 'b', body: new Uint8Array(), headers: {} },
  ])
  if (!receiver.keeper) throw new Error('timed leases have a keeper')
  const thread = await keepInThread(receiver.keeper, leaseMs / 4)
  const held = await receiver.receive({ max: 10, waitMs: 1_000, signal })
  expect(held).toHaveLength(2)
  const until = performance.now() + 3 * leaseMs
  while (performance.now() < until);
  expect(await rival.receive({ max: 10, waitMs: 0, signal })).toEqual([])
  expect(await receiver.ack(held.map(({ lease }) => lease))).toEqual(['ok', 'ok'])
  await thread.terminate()
  await broker.close()
})

test('a keeper says that the lease was taken away, also when its receiver goes on', async () => {
  const leaseMs = 300
  const broker = await open('taken.db')
  const receiver = await broker.openReceiver('q', { leaseMs, prefetch: 10 })
  await broker.publish('q', [{ id: 'a', body: new Uint8Array(), headers: {} }])
  const [first] = await receiver.receive({ max: 1, waitMs: 1_000, signal })
  // The same receiver takes back what it lost: under a new lease, which this keeper knows nothing of.
  const [second] = await receiver.receive({ max: 1, waitMs: 5_000, signal })
  expect(second?.deliveryCount).toBe(2)
  if (!receiver.keeper || !first || !second) throw new Error('delivered twice')
  const thread = await keepInThread(receiver.keeper, 10)
  expect((await once(thread, 'message'))[0]).toBe('lost')
  expect(await receiver.ack([first.lease])).toEqual(['lost'])
  expect(await receiver.ack([second.lease])).toEqual(['ok'])
  await thread.terminate()
  await broker.close()
})
