import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { imageOf } from '../../../../test/services/images.ts'

/** A RabbitMQ for tests: the one of the environment, or a server of our own on private ports. */
export interface TestRabbit {
  readonly url: string
  /** Stops and starts it, keeping data and address. Only of a server of our own, as all below. */
  restart?(): Promise<void>
  /** Ends it without a word. */
  kill?(): Promise<void>
  start?(): Promise<void>
  /** Runs `rabbitmqctl`. */
  ctl?(...args: readonly string[]): Promise<string>
  stop(): Promise<void>
}

/** What a node of a cluster is told besides. */
export interface NodeOptions {
  readonly name: string
  readonly settings: readonly string[]
  /** Shared by the nodes of a cluster. */
  readonly folder?: string
  readonly epmdPort?: number
}

/**
 * Runs epmd and a server until its input ends, which says by which signal; everything else they started ends with
 * them. When this process dies, its input ends, too.
 */
const watchdog = `
[ -z "$TQ_EPMD" ] || epmd -port "$ERL_EPMD_PORT" -address 127.0.0.1 >/dev/null 2>&1 &
"$1" & server=$!
read -r signal
[ "$signal" = 15 ] && kill -15 $server && wait $server
kill -9 0`

/** As docs/drivers/rabbitmq.md advises: a delayed message whose transfer a restart met is late by this. */
const advised = '-rabbit dead_letter_worker_publisher_confirm_timeout 10000'

const binary = '/usr/lib/rabbitmq/bin/rabbitmq-server'

/** Why there is no RabbitMQ to test with; undefined when there is one. Under CI that is a failure, not a reason. */
export function missingRabbit(): string | undefined {
  if (process.env['TQ_TEST_AMQP_URL'] || imageOf('RABBITMQ') || existsSync(binary)) return undefined
  const reason = `no TQ_TEST_AMQP_URL, no Docker, and no ${binary}`
  if (process.env['CI'] === 'true') throw new Error(`RabbitMQ is needed under CI: ${reason}`)
  return reason
}

/** Why there is no server that a test may do anything to; undefined when there is one. */
export function missingOwnRabbit(): string | undefined {
  return missingRabbit() ?? (existsSync(binary) ? undefined : `no ${binary}`)
}

/** @param options a program of this machine, to which a test may do anything */
export async function startRabbit(options?: Partial<NodeOptions>): Promise<TestRabbit> {
  const given = process.env['TQ_TEST_AMQP_URL']
  if (given && !options) return { url: given, stop: async () => {} }
  const image = options ? undefined : imageOf('RABBITMQ')
  if (image !== undefined) return await inContainer(image)
  const base = options?.folder ?? mkdtempSync(join(tmpdir(), 'tq-rabbitmq-'))
  const name = options?.name ?? 'tq'
  const port = await freePort()
  const url = `amqp://127.0.0.1:${port}`
  const environment = await prepare(base, name, port, options)
  let server: ChildProcess | undefined
  const start = async () => {
    const child = spawn('sh', ['-c', watchdog, 'sh', binary], {
      detached: true,
      env: environment,
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    server = child
    await started(child)
  }
  const end = async (how: 'kill' | 'stop') => {
    const ending = server
    server = undefined
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return
    const exited = once(ending, 'exit')
    ending.stdin?.end(how === 'kill' ? '9\n' : '15\n')
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
    ctl: async (...args) => {
      const file = '/usr/lib/rabbitmq/bin/rabbitmqctl'
      return (await promisify(execFile)(file, ['-q', ...args], { env: environment })).stdout
    },
    stop: async () => {
      await end('kill')
      if (!options?.folder) rmSync(base, { recursive: true, force: true })
    },
  }
}

async function inContainer(image: string): Promise<TestRabbit> {
  const { startContainer } = await import('../../../../test/services/containers.ts')
  const container = await startContainer({
    image,
    port: 5672,
    environment: { RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: advised },
    ready: /Server startup complete/,
  })
  return {
    url: `amqp://${container.host}:${container.port}`,
    restart: () => container.restart(),
    stop: () => container.stop(),
  }
}

/** Writes the settings, all in one folder; returns the environment that leads there. */
async function prepare(base: string, name: string, port: number, options?: Partial<NodeOptions>) {
  const own = join(base, name)
  const home = join(base, 'home')
  for (const folder of [home, join(own, 'data'), join(own, 'log')]) mkdirSync(folder, { recursive: true })
  const cookie = join(home, '.erlang.cookie')
  if (!existsSync(cookie)) {
    writeFileSync(cookie, 'tq')
    chmodSync(cookie, 0o400)
  }
  const settings = [
    `listeners.tcp.1 = 127.0.0.1:${port}`,
    'log.console = true',
    'log.console.level = info',
    'log.file = false',
    'disk_free_limit.absolute = 50MB',
    ...(options?.settings ?? []),
  ]
  writeFileSync(join(own, 'rabbitmq.conf'), `${settings.join('\n')}\n`)
  writeFileSync(join(own, 'plugins'), '[].\n')
  return {
    PATH: process.env['PATH'],
    HOME: home,
    LANG: 'C.UTF-8',
    LC_ALL: 'C.UTF-8',
    RABBITMQ_CONF_ENV_FILE: join(own, 'none'),
    RABBITMQ_CONFIG_FILE: join(own, 'rabbitmq.conf'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(own, 'plugins'),
    RABBITMQ_NODENAME: `${name}@localhost`,
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(await freePort()),
    RABBITMQ_MNESIA_BASE: join(own, 'data'),
    RABBITMQ_LOG_BASE: join(own, 'log'),
    RABBITMQ_PID_FILE: join(own, 'pid'),
    RABBITMQ_LOGS: '-',
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: [
      // Two schedulers that do not spin: tests share the machine.
      '+S 2:2 +sbwt none -kernel inet_dist_use_interface {127,0,0,1}',
      advised,
    ].join(' '),
    ERL_EPMD_PORT: String(options?.epmdPort ?? (await freePort())),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    ...(options?.epmdPort ? {} : { TQ_EPMD: '1' }),
  }
}

async function started(child: ChildProcess): Promise<void> {
  const { stdout } = child
  if (!stdout) throw new Error('the server has no output')
  const said: string[] = []
  for await (const line of createInterface({ input: stdout })) {
    said.push(line)
    if (!line.includes('Server startup complete')) continue
    stdout.resume()
    return
  }
  throw new Error(`RabbitMQ did not start:\n${said.slice(-20).join('\n')}`)
}

export async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return address.port
}
