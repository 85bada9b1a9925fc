import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'

/** A Redis for tests: the one of the environment, or a server of our own on a private port. */
export interface TestRedis {
  readonly url: string
  /** Stops and starts it, keeping data and address. Only of a server of our own. */
  restart?(): Promise<void>
  /** Ends it without a word. */
  kill?(): Promise<void>
  start?(): Promise<void>
  stop(): Promise<void>
}

/** Runs a server until its input ends, which says by which signal. */
const watchdog = '"$@" & server=$!; read -r signal; kill -"$signal" $server || kill -9 $server; wait $server'

/** Why there is no Redis to test with; undefined when there is one. Under CI that is a failure, not a reason. */
export function missingRedis(): string | undefined {
  if (process.env['TQ_TEST_REDIS_URL'] || serverBinary()) return undefined
  const reason = 'no TQ_TEST_REDIS_URL and no redis-server or valkey-server on PATH'
  if (process.env['CI'] === 'true') throw new Error(`Redis is needed under CI: ${reason}`)
  return reason
}

/** @param flags more options of a server of our own; `own` asks for one even if the environment names one */
export async function startRedis(flags: readonly string[] = [], own = false): Promise<TestRedis> {
  const given = process.env['TQ_TEST_REDIS_URL']
  if (given && !own) return { url: given, stop: async () => {} }
  const binary = serverBinary()
  if (!binary) throw new Error('no redis-server on PATH')
  const folder = mkdtempSync(join(tmpdir(), 'tq-redis-'))
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  let server: ChildProcess | undefined
  const start = async () => {
    const fixed = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '']
    const options = [...fixed, ...(flags.includes('--appendonly') ? [] : ['--appendonly', 'no']), ...flags]
    // Ends with this process, however that ends: then the shell's input ends.
    server = spawn('sh', ['-c', watchdog, 'sh', binary, ...options], { stdio: ['pipe', 'ignore', 'ignore'] })
    await answers(url)
  }
  const end = async (how: 'kill' | 'stop') => {
    const ending = server
    server = undefined
    if (!ending || ending.exitCode !== null) return
    const exited = once(ending, 'exit')
    ending.stdin?.end(how === 'kill' ? '9' : '15')
    await exited
  }
  await start()
  return {
    url,
    start,
    kill: () => end('kill'),
    restart: async () => {
      await end('stop')
      await start()
    },
    stop: async () => {
      await end('kill')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function serverBinary(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const names = ['redis-server', 'valkey-server']
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((file) => existsSync(file))
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return address.port
}

async function answers(url: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 })
    client.on('error', () => {})
    try {
      await client.connect()
      if ((await client.ping()) === 'PONG') return
    } catch {
      await sleep(25)
    } finally {
      client.disconnect()
    }
  }
  throw new Error(`no Redis at ${url}`)
}
