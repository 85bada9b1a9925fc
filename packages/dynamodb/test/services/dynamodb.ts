import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** A DynamoDB for tests: the one of the environment, or an emulator on a private port. */
export interface TestDynamodb {
  readonly name: string
  readonly endpoint: string
  stop(): Promise<void>
}

/** Runs a program until our end of its input is closed, however this process ends. */
const watchdog = '"$@" & server=$!; read -r _; kill -9 $server; wait $server'

/** The endpoint of `TQ_TEST_DYNAMODB_ENDPOINT`, or dynalite, which is in npm and so always there. */
export async function startDynamodb(): Promise<TestDynamodb> {
  const given = process.env['TQ_TEST_DYNAMODB_ENDPOINT']
  if (given) return { name: 'dynamodb', endpoint: given, stop: async () => {} }
  const cli = createRequire(import.meta.url).resolve('dynalite/cli.js')
  return await start('dynalite', (port) => [
    process.execPath,
    cli,
    ...`--host 127.0.0.1 --port ${port} --createTableMs 0`.split(' '),
  ])
}

/** moto, but one request after the other: left alone, it checks a condition and writes in two steps. */
const oneByOne = `import sys, threading
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple
moto = DomainDispatcherApplication(create_backend_app)
one = threading.Lock()
def application(environ, start_response):
  with one:
    return list(moto(environ, start_response))
run_simple('127.0.0.1', int(sys.argv[1]), application, threaded=True)`

/** Why the second emulator is not there; undefined when it is. It is written in Python, so it is never required. */
export function missingMoto(): string | undefined {
  return motoPython()
    ? undefined
    : 'no moto_server in .toolchain/moto or on PATH (pip install "moto[server]")'
}

export async function startMoto(): Promise<TestDynamodb> {
  const python = motoPython()
  if (!python) throw new Error(missingMoto())
  return await start('moto', (port) => [python, '-c', oneByOne, String(port)])
}

/** The Python that moto was installed for. */
function motoPython(): string | undefined {
  const toolchain = fileURLToPath(new URL('../../../../.toolchain/moto/bin', import.meta.url))
  const folders = [toolchain, ...(process.env['PATH'] ?? '').split(delimiter)]
  const folder = folders.find((one) => existsSync(join(one, 'moto_server')))
  return folder === undefined ? undefined : join(folder, 'python3')
}

async function start(name: string, command: (port: number) => readonly string[]): Promise<TestDynamodb> {
  const port = await freePort()
  const endpoint = `http://127.0.0.1:${port}`
  const stdio = ['pipe', 'ignore', 'ignore'] as const
  const shell: ChildProcess = spawn('sh', ['-c', watchdog, 'sh', ...command(port)], { stdio: [...stdio] })
  await answers(endpoint)
  return {
    name,
    endpoint,
    stop: async () => {
      const exited = once(shell, 'exit')
      shell.stdin?.end()
      await exited
    },
  }
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

async function answers(endpoint: string): Promise<void> {
  for (let attempt = 0; attempt < 1_200; attempt++) {
    try {
      await fetch(endpoint, { signal: AbortSignal.timeout(2_000) })
      return
    } catch {
      await sleep(25)
    }
  }
  throw new Error(`no DynamoDB at ${endpoint}`)
}
