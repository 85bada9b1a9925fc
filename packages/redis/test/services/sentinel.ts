import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { startRedis, type TestRedis } from '../../../../test/services/redis.ts'

export interface TestSentinels extends TestRedis {
  readonly master: TestRedis
  /** The port of the present master, as the sentinels see it. */
  masterPort(): Promise<number>
}

/** A master, a replica and three sentinels that replace the master a second after it fell silent. */
export async function startSentinels(): Promise<TestSentinels> {
  const master = await startRedis(['--repl-diskless-sync-delay', '0'], true)
  const port = new URL(master.url).port
  const replica = await startRedis(['--replicaof', `127.0.0.1 ${port}`], true)
  const folder = mkdtempSync(join(tmpdir(), 'tq-sentinel-'))
  const sentinels = await Promise.all(
    [1, 2, 3].map((n) => {
      const file = join(folder, `${n}.conf`)
      const lines = [
        `sentinel monitor tq 127.0.0.1 ${port} 2`,
        'sentinel down-after-milliseconds tq 1000',
        'sentinel failover-timeout tq 3000',
      ]
      writeFileSync(file, lines.join('\n'))
      return startRedis([], true, { file, sentinel: true })
    }),
  )
  const [first] = sentinels as [TestRedis]
  const client = new Redis(first.url)
  const knows = async (what: string, count: string) => {
    const told = (await client.call('sentinel', 'master', 'tq')) as string[]
    return told[told.indexOf(what) + 1] === count
  }
  while (!((await knows('num-other-sentinels', '2')) && (await knows('num-slaves', '1')))) await sleep(50)
  const replicaClient = new Redis(replica.url)
  while (!(await replicaClient.info('replication')).includes('master_link_status:up')) await sleep(20)
  replicaClient.disconnect()
  return {
    master,
    url: `redis+sentinel://${sentinels.map(({ url }) => new URL(url).host).join(',')}/tq`,
    masterPort: async () =>
      Number(((await client.call('sentinel', 'get-master-addr-by-name', 'tq')) as string[])[1]),
    stop: async () => {
      client.disconnect()
      await Promise.all([master, replica, ...sentinels].map((one) => one.stop()))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
