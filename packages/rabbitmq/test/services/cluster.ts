import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, startRabbit, type TestRabbit } from './rabbitmq.ts'

/** Three nodes; a queue lives on all of them, and one leads it. */
export interface TestCluster {
  readonly nodes: ReadonlyMap<string, TestRabbit>
  /** Names all nodes. */
  readonly url: string
  stop(): Promise<void>
}

/** Comes with Erlang. */
const portMapper = 'epmd'
const names = ['a', 'b', 'c']

export async function startCluster(): Promise<TestCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'tq-rabbitmq-'))
  const epmdPort = await freePort()
  const epmd = spawn(portMapper, ['-port', String(epmdPort), '-address', '127.0.0.1'], { stdio: 'ignore' })
  const settings = [
    'cluster_formation.peer_discovery_backend = classic_config',
    ...names.map((name, at) => `cluster_formation.classic_config.nodes.${at + 1} = ${name}@localhost`),
    'cluster_partition_handling = pause_minority',
  ]
  const started = names.map(
    async (name) => [name, await startRabbit({ name, settings, folder, epmdPort })] as const,
  )
  const nodes = new Map(await Promise.all(started))
  const hosts = [...nodes.values()].map(({ url }) => url.slice('amqp://'.length))
  return {
    nodes,
    url: `amqp://${hosts.join(',')}`,
    stop: async () => {
      await Promise.all([...nodes.values()].map((node) => node.stop()))
      const gone = once(epmd, 'exit')
      epmd.kill('SIGKILL')
      await gone
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
