import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Packed } from './packages.ts'

export interface Registry {
  readonly url: string
  close(): Promise<void>
}

/** A registry for our scope alone, so that projects install by name, as users do. Anything else comes from the usual one. */
export async function serveRegistry(packages: readonly Packed[]): Promise<Registry> {
  const byName = new Map(packages.map((packed) => [packed.manifest.name, packed]))
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname).slice(1)
    const tarball = byName.get(path.replace(/\/-\/.*$/, ''))
    if (path.endsWith('.tgz') && tarball) {
      response.end(tarball.tarball)
      return
    }
    const packed = byName.get(path)
    if (!packed) {
      response.writeHead(404).end()
      return
    }
    const { manifest, integrity } = packed
    const dist = { integrity, tarball: `${url}${manifest.name}/-/${manifest.version}.tgz` }
    response.setHeader('content-type', 'application/json')
    response.end(
      JSON.stringify({
        name: manifest.name,
        'dist-tags': { latest: manifest.version },
        versions: { [manifest.version]: { ...manifest, dist } },
        // Long enough ago for managers that let new versions ripen.
        time: { [manifest.version]: '2026-01-01T00:00:00.000Z', modified: '2026-01-01T00:00:00.000Z' },
      }),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  return {
    url,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
