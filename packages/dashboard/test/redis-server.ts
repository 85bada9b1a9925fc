import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A Redis for these tests. */
export interface TestRedis {
  readonly url: string
  stop(): void
}

const binary = (process.env['PATH'] ?? '')
  .split(delimiter)
  .flatMap((folder) => ['redis-server', 'valkey-server'].map((name) => join(folder, name)))
  .find((path) => existsSync(path))

/** Why there is none; undefined where there is. */
export function missingRedis(): string | undefined {
  if (process.env['TQ_TEST_REDIS_URL'] || binary) return undefined
  return 'no TQ_TEST_REDIS_URL and no redis-server or valkey-server on PATH'
}

export async function startRedis(): Promise<TestRedis> {
  const given = process.env['TQ_TEST_REDIS_URL']
  if (given) return { url: given, stop: () => {} }
  const port = await freePort()
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const server = spawn(binary ?? 'redis-server', options, { stdio: 'ignore' })
  // Also when a test run is cut off.
  const end = () => server.kill('SIGKILL')
  process.once('exit', end)
  while (!(await accepts(port))) await sleep(10)
  return {
    url: `redis://127.0.0.1:${port}`,
    stop: () => {
      process.off('exit', end)
      end()
    },
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
