// Cluster and Sentinel lose a master, and a Cluster moves slots, while tasks are sent and run.
import { setTimeout as sleep } from 'node:timers/promises'
import { createApp, createWorker, type } from '@tq/core'
import { Redis } from 'ioredis'
import { afterEach, describe, expect, test } from 'vitest'
import { missingRedis } from '../../../test/services/redis.ts'
import { adapter } from '../src/index.ts'
import { startCluster, type TestCluster } from './services/cluster.ts'
import { startSentinels } from './services/sentinel.ts'

const missing =
  missingRedis() ?? (process.env['TQ_TEST_TIER'] === 'full' ? undefined : 'only in the full tier')
const againWithinMs = 5_000
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
/** Their slots lie in different thirds. */
const queues = ['a', 'b', 'c']
const opened: { close(): unknown }[] = []

afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close()
})

/** A worker on several queues, and a producer that waits for results. */
async function run(url: string) {
  const make = () => {
    const app = createApp({ broker: url, adapters: [adapter], logger: quiet })
    const double = app.task({
      name: 'double',
      input: type<{ n: number }>(),
      run: ({ n }) => ({ twice: 2 * n }),
    })
    return { app, double }
  }
  const [there, here] = [make(), make()]
  const worker = createWorker(there.app, { queues, lease: '2s', concurrency: 5 })
  await worker.start()
  await here.app.open()
  opened.push({ close: () => there.app.close() }, { close: () => here.app.close() })
  opened.push({ close: () => worker.stop({ grace: 0 }) })
  /** Sends one to each queue and waits for all: milliseconds. */
  const all = async (n: number): Promise<number> => {
    const start = performance.now()
    const sent = await Promise.all(queues.map((queue) => here.double.applyAsync({ n }, { queue })))
    for (const result of sent) expect(await result.get({ timeout: '30s' })).toEqual({ twice: 2 * n })
    return performance.now() - start
  }
  return { all, double: here.double }
}

/** Sends and waits again and again until told to stop; how many there were. */
function keepBusy(all: (n: number) => Promise<number>) {
  let stopped = false
  let count = 0
  const running = (async () => {
    while (!stopped) await all(count++)
  })()
  return {
    get count() {
      return count
    },
    stop: async () => {
      stopped = true
      await running
    },
  }
}

describe.skipIf(missing)(`failover${missing ? ` (${missing})` : ''}`, { timeout: 120_000 }, () => {
  test('a Cluster of six loses a master: all queues go on', async () => {
    const cluster = await startCluster(3, 3)
    opened.push({ close: () => cluster.stop() })
    const { all } = await run(cluster.url)
    await all(1)
    const owner = await ownerOf(cluster, '{b}')
    await cluster.nodes[owner]?.kill?.()
    await clusterIsWhole(cluster, owner)
    const ms = await all(2)
    console.log(`Cluster: all queues consumed ${Math.round(ms)} ms after the failover`)
    expect(ms).toBeLessThan(againWithinMs)
  })

  test('slots move while tasks are sent and run: every task ends, on every queue', async () => {
    const cluster = await startCluster(3, 3)
    opened.push({ close: () => cluster.stop() })
    const { all } = await run(cluster.url)
    const busy = keepBusy(all)
    for (const queue of queues) {
      const before = busy.count
      while (busy.count < before + 20) await sleep(10)
      const from = await ownerOf(cluster, `{${queue}}`)
      await moveSlot(cluster, `{${queue}}`, from, (from + 1) % 3)
    }
    const before = busy.count
    while (busy.count < before + 20) await sleep(10)
    await busy.stop()
    expect(await all(0)).toBeLessThan(againWithinMs)
  })

  test('Sentinels replace the master: workers and producers follow', async () => {
    const sentinels = await startSentinels()
    opened.push({ close: () => sentinels.stop() })
    const { all } = await run(sentinels.url)
    await all(1)
    const old = await sentinels.masterPort()
    await sentinels.master.kill?.()
    while ((await sentinels.masterPort()) === old) await sleep(20)
    const ms = await all(2)
    console.log(`Sentinel: all queues consumed ${Math.round(ms)} ms after the failover`)
    expect(ms).toBeLessThan(againWithinMs)
    // The old one comes back, as a replica: nobody goes back to it.
    await sentinels.master.start?.()
    await sleep(2_000)
    expect(await all(3)).toBeLessThan(againWithinMs)
  })
})

/** Index of the master that holds the slot of a hash tag. */
async function ownerOf(cluster: TestCluster, tag: string): Promise<number> {
  const port = await withNode(cluster, 0, async (client) => {
    const slot = (await client.cluster('KEYSLOT', tag)) as number
    const ranges = await client.cluster('SLOTS')
    const [, , master] = ranges.find(([from, to]) => slot >= from && slot <= to) ?? []
    return Number(master?.[1])
  })
  return cluster.nodes.findIndex(({ url }) => Number(new URL(url).port) === port)
}

async function withNode<T>(
  cluster: TestCluster,
  index: number,
  use: (client: Redis) => Promise<T>,
): Promise<T> {
  const client = new Redis(cluster.nodes[index]?.url ?? '')
  try {
    return await use(client)
  } finally {
    client.disconnect()
  }
}

async function clusterIsWhole(cluster: TestCluster, without: number): Promise<void> {
  await withNode(cluster, (without + 1) % 3, async (client) => {
    const nodes = async () => String(await client.cluster('NODES')).split('\n')
    // The dead master is known as such, its replica is a master, and all slots are served.
    while (
      (await nodes()).filter((line) => line.includes('master') && !line.includes('fail')).length < 3 ||
      !String(await client.cluster('INFO')).includes('cluster_state:ok')
    ) {
      await sleep(20)
    }
  })
}

/** As redis-cli does it: keys of the slot in small portions, then the slot itself. */
async function moveSlot(cluster: TestCluster, tag: string, from: number, to: number): Promise<void> {
  await withNode(cluster, from, (source) =>
    withNode(cluster, to, async (target) => {
      const slot = (await source.cluster('KEYSLOT', tag)) as number
      const [sourceId, targetId] = [
        await source.call('cluster', 'myid'),
        await target.call('cluster', 'myid'),
      ]
      await target.call('cluster', 'setslot', slot, 'importing', String(sourceId))
      await source.call('cluster', 'setslot', slot, 'migrating', String(targetId))
      const port = Number(new URL(cluster.nodes[to]?.url ?? '').port)
      for (;;) {
        const keys = (await source.cluster('GETKEYSINSLOT', slot, 3)) as string[]
        if (keys.length === 0) break
        await source.call('migrate', '127.0.0.1', port, '', 0, 5_000, 'KEYS', ...keys)
        await sleep(5)
      }
      await target.call('cluster', 'setslot', slot, 'node', String(targetId))
      await source.call('cluster', 'setslot', slot, 'node', String(targetId))
    }),
  )
}
