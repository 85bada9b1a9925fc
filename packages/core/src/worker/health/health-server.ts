import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { TqError } from '../../errors/tq-error.ts'

/** Whether a worker is well, and why not. */
export interface Health {
  /** Undefined when it is well. */
  readonly problem: string | undefined
}

export interface HealthHost {
  /** Whether it still fetches tasks. Never asks a service: a broker that is away is no reason to be restarted. */
  live(): Health
  /** Whether it takes tasks now. */
  ready(): Health
  /** Prometheus text. */
  metrics(): Promise<string>
}

const textType = 'text/plain; version=0.0.4; charset=utf-8'

/** `/livez`, `/readyz` and `/metrics` of one worker, on a port of their own. */
export class HealthServer {
  readonly #host: HealthHost
  readonly #server: Server

  constructor(host: HealthHost) {
    this.#host = host
    this.#server = createServer({ requestTimeout: 5_000 }, (request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' })
        response.end(`${String(error)}\n`)
      })
    })
    // It must not keep a process that is done.
    this.#server.unref()
  }

  /** The port it listens on. @throws TqError `INVALID_OPTION` when that is not possible */
  listen(port: number, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => {
        const why = error.code === 'EADDRINUSE' ? 'another process has it' : error.message
        reject(
          new TqError(
            'INVALID_OPTION',
            `metrics: cannot listen on ${host}:${port}: ${why}. Choose another port.`,
            {
              cause: error,
              details: { host, port },
            },
          ),
        )
      })
      this.#server.listen(port, host, () => resolve((this.#server.address() as AddressInfo).port))
    })
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  async #answer({ method, url = '/' }: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = url.split('?')[0]
    if (method !== 'GET' && method !== 'HEAD') return tell(response, 405, 'only GET')
    if (path === '/metrics') {
      const text = await this.#host.metrics()
      response.writeHead(200, { 'content-type': textType, 'cache-control': 'no-store' })
      response.end(method === 'HEAD' ? undefined : text)
      return
    }
    if (path !== '/livez' && path !== '/readyz') return tell(response, 404, 'see /livez, /readyz, /metrics')
    const { problem } = path === '/livez' ? this.#host.live() : this.#host.ready()
    tell(response, problem === undefined ? 200 : 503, problem ?? 'ok')
  }
}

function tell(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' })
  response.end(`${text}\n`)
}
