import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { startRedis, type TestRedis } from './redis.ts'

const slots = 16_384

/** A Cluster of masters that share the slots evenly. */
export async function startCluster(size = 3): Promise<TestRedis> {
  const flags = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000']
  const nodes = await Promise.all(Array.from({ length: size }, () => startRedis(flags, true)))
  const clients = nodes.map(({ url }) => new Redis(url))
  const ports = nodes.map(({ url }) => Number(new URL(url).port))
  const share = Math.ceil(slots / size)
  for (const [index, client] of clients.entries()) {
    const own = Array.from({ length: share }, (_, n) => index * share + n).filter((slot) => slot < slots)
    await client.cluster('ADDSLOTS', ...own)
    await client.call('cluster', 'meet', '127.0.0.1', String(ports[0]))
  }
  for (const client of clients) {
    while (!String(await client.cluster('INFO')).includes('cluster_state:ok')) await sleep(50)
    while (!String(await client.cluster('INFO')).includes(`cluster_known_nodes:${size}`)) await sleep(50)
    client.disconnect()
  }
  return {
    url: `redis+cluster://${ports.map((port) => `127.0.0.1:${port}`).join(',')}`,
    stop: async () => {
      await Promise.all(nodes.map((node) => node.stop()))
    },
  }
}
