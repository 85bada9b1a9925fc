import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startFauxqs } from 'fauxqs'

/** An S3 for tests, with one empty bucket. */
export interface TestS3 {
  readonly endpoint: string
  readonly bucket: string
  stop(): Promise<void>
}

const bucket = 'payloads'

/** fauxqs, in this process: in npm, and so always there. */
export async function startS3(): Promise<TestS3> {
  const server = await startFauxqs({ port: 0, host: '127.0.0.1', logger: false })
  server.createBucket(bucket)
  return { endpoint: `http://127.0.0.1:${server.port}`, bucket, stop: () => server.stop() }
}

/** Runs a program until our end of its input is closed, however this process ends. */
const watchdog = '"$@" & server=$!; read -r _; kill -9 $server; wait $server'

/** Why the second emulator is not there; undefined when it is. It is written in Python, so it is never required. */
export function missingMoto(): string | undefined {
  return motoServer()
    ? undefined
    : 'no moto_server in .toolchain/moto or on PATH (pip install "moto[server]")'
}

export async function startMoto(): Promise<TestS3> {
  const port = await freePort()
  const endpoint = `http://127.0.0.1:${port}`
  const command = [motoServer() ?? '', '-H', '127.0.0.1', '-p', String(port)]
  const shell: ChildProcess = spawn('sh', ['-c', watchdog, 'sh', ...command], {
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  await madeBucket(endpoint)
  return {
    endpoint,
    bucket,
    stop: async () => {
      const exited = once(shell, 'exit')
      shell.stdin?.end()
      await exited
    },
  }
}

function motoServer(): string | undefined {
  const toolchain = fileURLToPath(new URL('../../../../.toolchain/moto/bin', import.meta.url))
  const folders = [toolchain, ...(process.env['PATH'] ?? '').split(delimiter)]
  return folders.map((folder) => join(folder, 'moto_server')).find((file) => existsSync(file))
}

async function madeBucket(endpoint: string): Promise<void> {
  for (let attempt = 0; attempt < 1_200; attempt++) {
    try {
      const made = await fetch(`${endpoint}/${bucket}`, { method: 'PUT', signal: AbortSignal.timeout(2_000) })
      if (made.ok) return
    } catch {}
    await sleep(25)
  }
  throw new Error(`no S3 at ${endpoint}`)
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
