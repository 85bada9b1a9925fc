// A TCP proxy in this process, to do to connections what networks do: cut them, or let them fall silent.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface TcpProxy {
  readonly port: number
  /** Resets all connections, and every new one at once, until healed. */
  cut(): void
  /**
   * A black hole: nothing passes any more in either direction, and nobody is told. New connections are accepted and fall
   * silent, too. What has fallen silent stays so, also after healing, as when a firewall has forgotten it.
   */
  swallow(): void
  /** New connections work again. */
  heal(): void
  stop(): Promise<void>
}

/** Passes on what comes to a port of its own on 127.0.0.1. */
export async function startProxy(target: {
  readonly host: string
  readonly port: number
}): Promise<TcpProxy> {
  const links = new Set<Link>()
  let mode: 'open' | 'cut' | 'silent' = 'open'
  const server = createServer((client) => {
    if (mode === 'cut') {
      client.on('error', () => {})
      client.resetAndDestroy()
      return
    }
    const link = new Link(client, connect(target), () => links.delete(link))
    links.add(link)
    if (mode === 'silent') link.fallSilent()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => {
      mode = 'cut'
      for (const link of links) link.reset()
    },
    swallow: () => {
      mode = 'silent'
      for (const link of links) link.fallSilent()
    },
    heal: () => {
      mode = 'open'
    },
    stop: async () => {
      for (const link of links) link.reset()
      server.close()
      await once(server, 'close')
    },
  }
}

/** One connection through the proxy. */
class Link {
  readonly #ends: readonly [client: Socket, server: Socket]
  #silent = false

  constructor(client: Socket, server: Socket, onClosed: () => void) {
    this.#ends = [client, server]
    this.#join(client, server, onClosed)
    this.#join(server, client, onClosed)
  }

  reset(): void {
    for (const end of this.#ends) end.resetAndDestroy()
  }

  fallSilent(): void {
    this.#silent = true
  }

  #join(from: Socket, to: Socket, onClosed: () => void): void {
    from.on('error', () => {})
    from.on('data', (bytes) => {
      if (!this.#silent) to.write(bytes)
    })
    from.on('close', () => {
      if (this.#silent) return
      onClosed()
      to.destroy()
    })
  }
}
