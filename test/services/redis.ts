import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { imageOf } from './images.ts'

/** A Redis for tests: the one of the environment, or a server of our own on a private port. */
export interface TestRedis {
  readonly url: string
  readonly tlsUrl?: string
  /** Stops and starts it, keeping data and address. Only of a server of our own. */
  restart?(): Promise<void>
  /** Ends it in good order, or without a word. */
  end?(): Promise<void>
  kill?(): Promise<void>
  start?(): Promise<void>
  /** SIGSTOP and SIGCONT. */
  pause?(): void
  resume?(): void
  /** Removes all it has on disk. */
  wipe?(): Promise<void>
  stop(): Promise<void>
}

/** Runs a server and gives it the signals that come by line; when its input ends, so does the server. */
const watchdog =
  '"$@" & server=$!; while read -r signal; do kill -"$signal" $server; done; kill -9 $server 2>/dev/null; wait $server'

/** Why there is no Redis to test with; undefined when there is one. Under CI that is a failure, not a reason. */
export function missingRedis(): string | undefined {
  if (process.env['TQ_TEST_REDIS_URL'] || imageOf('REDIS') || serverBinary()) return undefined
  const reason = 'no TQ_TEST_REDIS_URL, no Docker, and no redis-server or valkey-server on PATH'
  if (process.env['CI'] === 'true') throw new Error(`Redis is needed under CI: ${reason}`)
  return reason
}

/** What is out of the ordinary with a server of our own. */
interface How {
  readonly file?: string
  readonly sentinel?: boolean
  readonly tls?: { readonly key: string; readonly cert: string }
}

/**
 * @param flags more options of a server of our own
 * @param own whether the test does to it what can only be done to a program of this machine
 */
export async function startRedis(
  flags: readonly string[] = [],
  own = false,
  how: How = {},
): Promise<TestRedis> {
  const given = process.env['TQ_TEST_REDIS_URL']
  if (given && !own) return { url: given, stop: async () => {} }
  const image = own ? undefined : imageOf('REDIS')
  if (image !== undefined) return await inContainer(image, flags)
  const binary = serverBinary()
  if (!binary) throw new Error('no redis-server on PATH')
  const folder = mkdtempSync(join(tmpdir(), 'tq-redis-'))
  const port = await freePort()
  const tlsPort = how.tls ? await freePort() : 0
  const url = `redis://127.0.0.1:${port}`
  let server: ChildProcess | undefined
  const start = async () => {
    const fixed = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder]
    const memory = ['--save', '', ...(flags.includes('--appendonly') ? [] : ['--appendonly', 'no'])]
    const file = how.file === undefined ? [] : [how.file]
    const { tls } = how
    const secure = tls
      ? ['--tls-port', String(tlsPort), '--tls-cert-file', tls.cert, '--tls-key-file', tls.key]
      : []
    const certain = tls ? [...secure, '--tls-auth-clients', 'no'] : []
    const options = [...file, ...fixed, ...(how.sentinel ? ['--sentinel'] : memory), ...certain, ...flags]
    // Ends with this process, however that ends: then the shell's input ends.
    server = spawn('sh', ['-c', watchdog, 'sh', binary, ...options], { stdio: ['pipe', 'ignore', 'ignore'] })
    await answers(url)
  }
  const signal = (name: string) => server?.stdin?.write(`${name}\n`)
  const end = async (how: 'KILL' | 'TERM') => {
    const ending = server
    server = undefined
    if (!ending || ending.exitCode !== null) return
    const exited = once(ending, 'exit')
    ending.stdin?.write(`${how}\n`)
    if (how === 'TERM') await isGone(port)
    ending.stdin?.end()
    await exited
  }
  await start()
  return {
    url,
    ...(how.tls ? { tlsUrl: `rediss://127.0.0.1:${tlsPort}` } : {}),
    start,
    end: () => end('TERM'),
    kill: () => end('KILL'),
    pause: () => void signal('STOP'),
    resume: () => void signal('CONT'),
    wipe: async () => {
      rmSync(folder, { recursive: true, force: true })
      mkdirSync(folder)
    },
    restart: async () => {
      await end('TERM')
      await start()
    },
    stop: async () => {
      await end('KILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function inContainer(image: string, flags: readonly string[]): Promise<TestRedis> {
  const { startContainer } = await import('./containers.ts')
  const running = await startContainer({
    image,
    port: 6379,
    command: ['redis-server', '--protected-mode', 'no', '--save', '', ...flags],
    ready: /Ready to accept connections/,
  })
  const url = `redis://${running.host}:${running.port}`
  await answers(url)
  return {
    url,
    restart: async () => {
      await running.restart()
      await answers(url)
    },
    stop: () => running.stop(),
  }
}

function serverBinary(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const names = ['redis-server', 'valkey-server']
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((file) => existsSync(file))
}

/** Low enough that the nodes of a Cluster find another one ten thousand above. */
async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    server.close()
    if (typeof address === 'object' && address !== null && address.port < 55_000) return address.port
  }
}

/** Resolves when nobody takes connections there any more. */
async function isGone(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const taken = await new Promise((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    })
    socket.destroy()
    if (!taken) return
    await sleep(10)
  }
}

/** Resolves as soon as it answers; rejects after some seconds. */
export async function answers(url: string): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt++) {
    const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 })
    client.on('error', () => {})
    try {
      await client.connect()
      if ((await client.ping()) === 'PONG') return
    } catch {
      await sleep(10)
    } finally {
      client.disconnect()
    }
  }
  throw new Error(`no Redis at ${url}`)
}
