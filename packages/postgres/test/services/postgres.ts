import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Client } from 'pg'

/** A PostgreSQL for tests: the one of the environment, or a server of our own on a private port. */
export interface TestPostgres {
  readonly url: string
  /** Stops and starts it, keeping data and address. Only of a server of our own. */
  restart?(): Promise<void>
  /** Ends it without a word: what was committed is recovered from the log. */
  kill?(): Promise<void>
  start?(): Promise<void>
  /** Stops all its processes where they are, and lets them go on. */
  freeze?(): Promise<() => void>
  stop(): Promise<void>
}

/** Runs a server until its input ends, which says by which signal; `QUIT` ends it at once with all its children. */
const watchdog =
  '"$@" & server=$!; echo $server; read -r signal || signal=QUIT; kill -$signal $server; wait $server'

const run = promisify(execFile)

/** Why there is no PostgreSQL to test with; undefined when there is one. Under CI that is a failure, not a reason. */
export function missingPostgres(): string | undefined {
  if (process.env['TQ_TEST_POSTGRES_URL'] || binary('postgres')) return undefined
  const reason = 'no TQ_TEST_POSTGRES_URL and no PostgreSQL server on PATH or under /usr/lib/postgresql'
  if (process.env['CI'] === 'true') throw new Error(`PostgreSQL is needed under CI: ${reason}`)
  return reason
}

/** @param settings more of a server of our own; `own` asks for one even if the environment names one */
export async function startPostgres(
  settings: Readonly<Record<string, string>> = {},
  own = false,
): Promise<TestPostgres> {
  const given = process.env['TQ_TEST_POSTGRES_URL']
  if (given && !own) return { url: given, stop: async () => {} }
  const [server, initdb] = [binary('postgres'), binary('initdb')]
  if (!server || !initdb) throw new Error('no PostgreSQL server on PATH or under /usr/lib/postgresql')
  const folder = mkdtempSync(join(tmpdir(), 'tq-postgres-'))
  const data = join(folder, 'data')
  const user = await otherUser()
  if (user.length > 0) {
    chmodSync(folder, 0o755)
    await run('chown', ['postgres', folder])
  }
  const create = [initdb, '-D', data, '-U', 'tq', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync']
  const [command = initdb, ...rest] = [...user, ...create]
  await run(command, rest, { cwd: folder })
  const port = await freePort()
  const url = `postgres://tq@127.0.0.1:${port}/postgres`
  const fixed = {
    fsync: 'off',
    full_page_writes: 'off',
    listen_addresses: '127.0.0.1',
    max_connections: '200',
    port: String(port),
    shared_buffers: '64MB',
    unix_socket_directories: '',
  }
  const flags = Object.entries({ ...fixed, ...settings }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ])
  let shell: ChildProcess | undefined
  let pid = 0
  const start = async () => {
    // Ends with this process, however that ends: then the shell's input ends.
    const command = ['-c', watchdog, 'sh', ...user, server, '-D', data, ...flags]
    shell = spawn('sh', command, { cwd: folder, stdio: ['pipe', 'pipe', 'ignore'] })
    const [line] = shell.stdout ? await once(shell.stdout, 'data') : []
    pid = Number(String(line))
    await answers(url)
  }
  const end = async (signal: 'INT' | 'QUIT') => {
    const ending = shell
    shell = undefined
    if (!ending || ending.exitCode !== null) return
    const exited = once(ending, 'exit')
    ending.stdin?.end(`${signal}\n`)
    await exited
  }
  await start()
  return {
    url,
    start,
    kill: () => end('QUIT'),
    restart: async () => {
      await end('INT')
      await start()
    },
    freeze: async () => {
      const children = await childrenOf(pid)
      for (const one of [pid, ...children]) process.kill(one, 'SIGSTOP')
      return () => {
        for (const one of [pid, ...children]) process.kill(one, 'SIGCONT')
      }
    },
    stop: async () => {
      await end('QUIT')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** PostgreSQL refuses to run as root: the words to put first, so that it runs as somebody else. */
async function otherUser(): Promise<readonly string[]> {
  if (process.getuid?.() !== 0) return []
  const [{ stdout: user }, { stdout: group }] = await Promise.all([
    run('id', ['-u', 'postgres']),
    run('id', ['-g', 'postgres']),
  ])
  return ['setpriv', `--reuid=${user.trim()}`, `--regid=${group.trim()}`, '--clear-groups']
}

/** On PATH, or where Debian puts it; the newest version. */
function binary(name: string): string | undefined {
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root) ? readdirSync(root).sort((one, other) => Number(other) - Number(one)) : []
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    ...versions.map((version) => join(root, version, 'bin')),
  ]
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file))
}

async function childrenOf(pid: number): Promise<readonly number[]> {
  const { stdout } = await run('ps', ['-o', 'pid=', '--ppid', String(pid)])
  return stdout.trim().split(/\s+/).map(Number)
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
  for (let attempt = 0; attempt < 400; attempt++) {
    const client = new Client({ connectionString: url, connectionTimeoutMillis: 1_000 })
    client.on('error', () => {})
    try {
      await client.connect()
      await client.query('SELECT 1')
      return
    } catch {
      await sleep(25)
    } finally {
      await client.end().catch(() => {})
    }
  }
  throw new Error(`no PostgreSQL at ${url}`)
}
