import { type ChildProcess, fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Broker, systemClock } from '@tq/core/driver'
import { afterAll, afterEach, expect, test } from 'vitest'
import { adapter } from '../src/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'tq-sqlite-processes-'))
const context = { namespace: 'processes', clock: systemClock }
const children = new Set<ChildProcess>()
const brokers = new Set<Broker>()

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL')
  children.clear()
  for (const broker of brokers) await broker.close()
  brokers.clear()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function newUrl(): string {
  return `sqlite:${join(folder, `${randomUUID()}.db`)}`
}

function start(...args: readonly string[]): ChildProcess {
  const child = fork(new URL('./broker-child.ts', import.meta.url), args)
  children.add(child)
  return child
}

/** The next message of a child. */
async function heard(child: ChildProcess): Promise<unknown> {
  const [message] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => Promise.reject(new Error('the process ended without a word'))),
  ])) as [unknown]
  return message
}

async function openBroker(url: string): Promise<Broker> {
  const broker = adapter.createBroker?.(url, context)
  if (!broker) throw new Error('the adapter makes no broker')
  brokers.add(broker)
  await broker.open()
  return broker
}

function countOf(children: readonly ChildProcess[], count: number): Promise<void> {
  let took = 0
  return new Promise((resolve) => {
    for (const child of children) {
      child.on('message', (message: { took?: number }) => {
        took += message.took ?? 0
        if (took >= count) resolve()
      })
    }
  })
}

test('four processes share 2,000 messages, each taken once', { timeout: 60_000 }, async () => {
  const url = newUrl()
  const consumers = Array.from({ length: 4 }, () => start('consume', url, 'shared'))
  await Promise.all(consumers.map(heard))
  const all = countOf(consumers, 2_000)
  const senders = ['a', 'b'].map((prefix) => start('publish', url, 'shared', prefix, '1000'))
  await Promise.all(senders.map(heard))
  await all
  const reports = consumers.map(heard)
  for (const consumer of consumers) consumer.send('stop')
  const seen = ((await Promise.all(reports)) as { seen: string[] }[]).flatMap(({ seen }) => seen)
  expect(seen).toHaveLength(2_000)
  expect(new Set(seen).size).toBe(2_000)
  const broker = await openBroker(url)
  expect(await broker.admin?.counts('shared')).toEqual({ ready: 0, leased: 0, delayed: 0 })
})

test('what a killed process held comes back after its lease', { timeout: 30_000 }, async () => {
  const url = newUrl()
  const broker = await openBroker(url)
  await broker.publish('killed', [
    { id: 'a', body: new Uint8Array([1]), headers: { h: 'ä' }, priority: 7 },
    { id: 'b', body: new Uint8Array([2]), headers: {} },
  ])
  const holder = start('hold', url, 'killed', '500')
  expect(await heard(holder)).toEqual({ held: ['a', 'b'] })
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  const receiver = await broker.openReceiver('killed', { leaseMs: 10_000, prefetch: 10 })
  const signal = new AbortController().signal
  expect(await receiver.receive({ max: 10, waitMs: 0, signal })).toEqual([])
  const back = await receiver.receive({ max: 10, waitMs: 5_500, signal })
  expect(back.map(({ message }) => message.id)).toEqual(['a', 'b'])
  expect(back.map(({ deliveryCount }) => deliveryCount)).toEqual([2, 2])
  expect(back[0]?.message.headers).toEqual({ h: 'ä' })
  expect(await receiver.ack(back.map(({ lease }) => lease))).toEqual(['ok', 'ok'])
})

test('four processes open a new file at once', { timeout: 30_000 }, async () => {
  for (let round = 0; round < 3; round++) {
    const url = newUrl()
    const openers = Array.from({ length: 4 }, () => start('open', url, 'race'))
    await Promise.all(openers.map(heard))
    const opened = openers.map(heard)
    for (const opener of openers) opener.send('go')
    expect(await Promise.all(opened)).toEqual(['opened', 'opened', 'opened', 'opened'])
    const broker = await openBroker(url)
    expect(await broker.admin?.counts('race')).toEqual({ ready: 4, leased: 0, delayed: 0 })
  }
})

test('another process is heard within a moment', { timeout: 30_000 }, async () => {
  const url = newUrl()
  const broker = await openBroker(url)
  const receiver = await broker.openReceiver('heard', { leaseMs: 10_000, prefetch: 10 })
  const signal = new AbortController().signal
  const receiving = receiver.receive({ max: 10, waitMs: 10_000, signal })
  const sender = start('publish', url, 'heard', 'm', '10')
  const [published] = await Promise.all([heard(sender), receiving])
  expect(published).toBe('published')
  expect((await receiving).length).toBeGreaterThan(0)
})

test('several busy writers do not make the log grow without end', { timeout: 60_000 }, async () => {
  const url = newUrl()
  // Keeps the log from being removed by the last one that leaves.
  await openBroker(url)
  const writers = Array.from({ length: 3 }, () => start('load', url, 'load', '300'))
  await Promise.all(writers.map(heard))
  const megabytes = statSync(`${url.slice('sqlite:'.length)}-wal`).size / 1_048_576
  // 90 MB of bodies went through it; it is begun anew at 16 MB or soon after.
  expect(megabytes).toBeLessThan(32)
})

test('an idle worker costs less than one percent of a core', { timeout: 30_000 }, async () => {
  const url = newUrl()
  const idler = start('idle', url, 'idle', '2000')
  const { share } = (await heard(idler)) as { share: number }
  expect(share).toBeLessThan(0.01)
})
