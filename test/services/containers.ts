// Services in Docker. Nothing here knows one service from another.
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { GenericContainer, getContainerRuntimeClient, ImageName, Wait } from 'testcontainers'

/** Whose container it is: what a crashed run left behind is told by a process that is gone. */
const label = 'tq.test.process'

const longestStartMs = 90_000

/** A service to be run in a container: which image, and what its program is told. */
export interface ContainerPlan {
  readonly image: string
  /** Where it listens inside. */
  readonly port: number
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** A line of its log that says that it is ready. */
  readonly ready: RegExp
}

export interface RunningContainer {
  readonly host: string
  /** Stays the same over a restart. */
  readonly port: number
  restart(): Promise<void>
  stop(): Promise<void>
}

/** Why there is no such image to run; undefined when there is one. Fetches it if it has to. */
export async function missingImage(image: string): Promise<string | undefined> {
  try {
    const client = await getContainerRuntimeClient()
    const name = ImageName.fromString(image)
    if (!(await client.image.exists(name))) await client.image.pull(name)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message.split('\n')[0] : String(error)
  }
}

/** Removes containers of runs that did not get to their end. */
export async function removeLeftovers(): Promise<void> {
  const client = await getContainerRuntimeClient()
  for (const { Id, Labels } of await client.container.list()) {
    const owner = Number(Labels[label])
    if (owner > 0 && !isAlive(owner)) await client.container.remove(client.container.getById(Id))
  }
}

export async function startContainer(plan: ContainerPlan): Promise<RunningContainer> {
  // The helper that cleans up has an image of its own, which cannot be had everywhere.
  process.env['TESTCONTAINERS_RYUK_DISABLED'] ??= 'true'
  const port = await freePort()
  const started = await new GenericContainer(plan.image)
    .withCommand([...(plan.command ?? [])])
    .withEnvironment({ ...plan.environment })
    .withLabels({ [label]: String(process.pid) })
    // A port chosen by Docker would be another one after a restart.
    .withExposedPorts({ container: plan.port, host: port })
    .withWaitStrategy(Wait.forLogMessage(plan.ready).withStartupTimeout(longestStartMs))
    .start()
  return {
    host: started.getHost(),
    port,
    restart: () => restart(started.getId(), plan.ready),
    stop: async () => {
      await started.stop({ timeout: 0 })
    },
  }
}

/**
 * Restarts it, and waits until its log says once more that it is ready. The whole log is read each time: one that is
 * followed over a restart may stay silent.
 */
async function restart(id: string, ready: RegExp): Promise<void> {
  const client = await getContainerRuntimeClient()
  const container = client.container.getById(id)
  const log = async () => (await container.logs({ stdout: true, stderr: true, follow: false })).toString()
  const lines = new RegExp(ready.source, 'g')
  const before = (await log()).match(lines)?.length ?? 0
  await container.restart({ t: 5 })
  const end = performance.now() + longestStartMs
  for (;;) {
    const said = await log()
    if ((said.match(lines)?.length ?? 0) > before) return
    if (performance.now() > end) throw new Error(`not ready after a restart:\n${said.slice(-2_000)}`)
    await sleep(50)
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}
