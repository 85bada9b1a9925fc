import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type App, TqError } from '@tq/core'
import { isLoopback } from './access/loopback.ts'
import { createDashboard } from './dashboard.ts'
import { type DashboardOptions, howToAuthenticate } from './options.ts'

export interface ListenOptions extends DashboardOptions {
  /** 0 takes a free one. @default 5555 */
  readonly port?: number
  /** Anything but this machine's own address needs `auth`. @default '127.0.0.1' */
  readonly host?: string
}

/** A dashboard on a server of its own. */
export interface Listening {
  /** Where to look. */
  readonly url: string
  close(): Promise<void>
}

/** @throws TqError `INVALID_OPTION`: also where others can reach it and nobody has to log in */
export async function listenForDashboard(
  app: App<never> | App<unknown>,
  { port = 5_555, host = '127.0.0.1', ...options }: ListenOptions = {},
): Promise<Listening> {
  if (!options.auth && !isLoopback(host)) {
    throw new TqError(
      'INVALID_OPTION',
      `The dashboard has no authentication, and ${host} can be reached from other machines. ${howToAuthenticate}`,
    )
  }
  const dashboard = createDashboard(app, options)
  const server = createServer(dashboard.node)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explain(error, host, port)))
    server.listen(port, host, resolve)
  })
  const { port: taken } = server.address() as AddressInfo
  const shown = host.includes(':') ? `[${host}]` : host
  return {
    url: `http://${shown}:${taken}/`,
    async close() {
      dashboard.close()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): Error {
  if (error.code === 'EADDRINUSE')
    return new TqError(
      'INVALID_OPTION',
      `Port ${port} of ${host} is in use. Choose another one: --port ${port + 1}.`,
      {
        cause: error,
      },
    )
  return error
}
