// A thread that stands between clients and a service: a blocked loop of a test does not hold up what passes here.
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'

/** What the test says: another proxy, or cut the connections of one. */
export type ToProxy = 'open' | { readonly sever: number }

const { hostname, port } = new URL(String(workerData))
const sockets = new Map<number, Set<Socket>>()
const servers: Server[] = []

parentPort?.on('message', async (message: ToProxy) => {
  if (message === 'open') parentPort?.postMessage(await open())
  else for (const socket of sockets.get(message.sever) ?? []) socket.resetAndDestroy()
})

async function open(): Promise<number> {
  const mine = new Set<Socket>()
  const keep = (socket: Socket) => {
    mine.add(socket)
    socket.once('close', () => mine.delete(socket))
    // What happens to the one end happens to the other.
    socket.on('error', () => {})
  }
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ port: Number(port), host: hostname, noDelay: true })
    keep(near)
    keep(far)
    near.pipe(far)
    far.pipe(near)
    near.once('close', () => far.destroy())
    far.once('close', () => near.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  servers.push(server)
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  sockets.set(address.port, mine)
  return address.port
}
