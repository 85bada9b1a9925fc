import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** Stands between a client and a server, and does what networks do. */
export interface NetworkProxy {
  readonly port: number
  /** How many connections there are. */
  readonly open: number
  /** Ends every connection without a word. New ones are let through. */
  cut(): void
  /** Carries nothing more, in either direction; the connections stay open. */
  blackHole(): void
  /** New connections are let through again. Of those in the black hole the server learns that they are gone. */
  heal(): void
  close(): Promise<void>
}

export async function startProxy(target: number, host = '127.0.0.1'): Promise<NetworkProxy> {
  const pairs = new Set<readonly [Socket, Socket]>()
  let swallowing = false
  const server = createServer((near) => {
    near.on('error', () => {})
    if (swallowing) return near.pause()
    const far = connect(target, host)
    const pair = [near, far] as const
    pairs.add(pair)
    far.on('error', () => near.destroy())
    near.on('error', () => far.destroy())
    near.on('close', () => {
      far.destroy()
      pairs.delete(pair)
    })
    far.on('close', () => near.destroy())
    near.setNoDelay(true)
    far.setNoDelay(true)
    near.pipe(far).pipe(near)
    return undefined
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return {
    port: address.port,
    get open() {
      return pairs.size
    },
    cut: () => {
      for (const [near, far] of pairs) {
        near.resetAndDestroy()
        far.resetAndDestroy()
      }
    },
    blackHole: () => {
      swallowing = true
      for (const [near, far] of pairs) {
        near.unpipe(far)
        far.unpipe(near)
        near.pause()
        far.pause()
      }
    },
    heal: () => {
      swallowing = false
      for (const [, far] of pairs) far.destroy()
    },
    close: async () => {
      for (const [near, far] of pairs) {
        near.destroy()
        far.destroy()
      }
      server.close()
    },
  }
}
