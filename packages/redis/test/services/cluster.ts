import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { startRedis, type TestRedis } from '../../../../test/services/redis.ts'

const slots = 16_384
const flags = [
  '--cluster-enabled',
  'yes',
  '--cluster-node-timeout',
  '1000',
  '--repl-diskless-sync-delay',
  '0',
]

export interface TestCluster extends TestRedis {
  /** Masters first. */
  readonly nodes: readonly TestRedis[]
}

/** A Cluster of masters that share the slots evenly, each with one replica where wanted. */
export async function startCluster(masters = 3, replicas = 0): Promise<TestCluster> {
  const size = masters + replicas
  const nodes = await Promise.all(Array.from({ length: size }, () => startRedis(flags, true)))
  const clients = nodes.map(({ url }) => new Redis(url))
  const ports = nodes.map(({ url }) => Number(new URL(url).port))
  const ids = await Promise.all(clients.map(async (client) => String(await client.call('cluster', 'myid'))))
  const share = Math.ceil(slots / masters)
  for (const [index, client] of clients.entries()) {
    const own = Array.from({ length: share }, (_, n) => index * share + n).filter((slot) => slot < slots)
    if (index < masters) await client.cluster('ADDSLOTS', ...own)
    await client.call('cluster', 'meet', '127.0.0.1', String(ports[0]))
  }
  for (const client of clients) await until(client, 'CLUSTER', `cluster_known_nodes:${size}`)
  for (const [index, client] of clients.entries()) {
    if (index >= masters) await client.call('cluster', 'replicate', ids[index - masters] as string)
  }
  for (const [index, client] of clients.entries()) {
    await until(client, 'CLUSTER', 'cluster_state:ok')
    // One that has not had everything yet cannot take over.
    if (index >= masters) await until(client, 'REPLICATION', 'master_link_status:up')
    client.disconnect()
  }
  return {
    nodes,
    url: `redis+cluster://${ports.map((port) => `127.0.0.1:${port}`).join(',')}`,
    stop: async () => {
      await Promise.all(nodes.map((node) => node.stop()))
    },
  }
}

async function until(client: Redis, what: 'CLUSTER' | 'REPLICATION', text: string): Promise<void> {
  const info = () => (what === 'CLUSTER' ? client.cluster('INFO') : client.info('replication'))
  while (!String(await info()).includes(text)) await sleep(20)
}
