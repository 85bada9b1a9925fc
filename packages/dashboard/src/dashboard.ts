import type { ServerResponse } from 'node:http'
import { type App, appBrand } from '@tq/core'
import { type Arrival, Guard } from './access/guard.ts'
import { BulkJobs } from './actions/bulk-jobs.ts'
import { createApi, problemOf } from './api.ts'
import { type FastifyInstanceLike, mountInFastify } from './http/fastify.ts'
import { securityHeaders } from './http/headers.ts'
import { type NodeRequest, sendResponse, toRequest } from './http/node-server.ts'
import { NotFound } from './http/problem.ts'
import { StaticFiles } from './http/static-files.ts'
import { LiveReads } from './live/live-reads.ts'
import { Reader } from './live/reader.ts'
import { checkOptions, type DashboardOptions } from './options.ts'
import { WaitingTasks } from './reads/waiting-tasks.ts'

/** The dashboard of an app, to be mounted under any path of any server. */
export interface Dashboard {
  /**
   * For Node's server, Express, Nest on Express and their like.
   *
   * @example http.createServer(dashboard.node).listen(5555, '127.0.0.1')
   * @example express().use('/admin/tq', dashboard.node)
   */
  readonly node: (request: NodeRequest, response: ServerResponse) => void
  /**
   * For what speaks the web's requests and answers.
   *
   * @example app.mount('/admin/tq', dashboard.fetch)   // Hono on Node
   * @example app.mount('/admin/tq', dashboard.fetch, (c) => c.req.raw)   // Hono elsewhere
   */
  readonly fetch: (request: Request, host?: unknown) => Promise<Response>
  /** @example fastify.register(dashboard.fastify, { prefix: '/admin/tq' }) */
  readonly fastify: (instance: FastifyInstanceLike) => Promise<void>
  /** Ends live pages and what goes on in the background, before its server is closed. The app stays open. */
  close(): void
}

/** Pages, each one level below the mount point: links and assets are relative and need not know where that is. */
const pages: ReadonlySet<string> = new Set([
  '',
  'tasks',
  'task',
  'run',
  'queues',
  'workers',
  'schedules',
  'workflows',
  'workflow',
  'dead',
  'activity',
])

/**
 * @throws TqError `INVALID_OPTION`: also in production without `auth`
 * @example const dashboard = createDashboard(app, { auth: { tokens: [{ token: process.env.TQ_DASHBOARD_TOKEN }] } })
 */
export function createDashboard(app: App<never> | App<unknown>, options: DashboardOptions = {}): Dashboard {
  return new MountedDashboard(app as App<unknown>, checkOptions(options))
}

class MountedDashboard implements Dashboard {
  readonly #app: App<unknown>
  readonly #guard: Guard
  readonly #live: LiveReads
  readonly #bulk: BulkJobs
  readonly #api: ReturnType<typeof createApi>
  #files: StaticFiles | undefined

  constructor(app: App<unknown>, options: DashboardOptions) {
    this.#app = app
    const { auth, hosts, readOnly = false, payloads } = options
    this.#guard = new Guard({ auth, hosts, readOnly })
    this.#bulk = new BulkJobs(app)
    const reader = new Reader({
      app,
      bulk: this.#bulk,
      waiting: new WaitingTasks(app),
      hidePayloads: payloads === 'hidden',
    })
    this.#live = new LiveReads(reader)
    this.#api = createApi({ app, guard: this.#guard, reader, live: this.#live, bulk: this.#bulk, options })
  }

  readonly node = (incoming: NodeRequest, outgoing: ServerResponse): void => {
    const gone = new AbortController()
    outgoing.once('close', () => gone.abort())
    void this.#serveNode(incoming, outgoing, gone.signal).catch((error: unknown) => {
      this.#app[appBrand].runtime.logger.error('dashboard: an answer could not be sent', {
        error: String(error),
      })
      outgoing.destroy()
    })
  }

  readonly fetch = (request: Request, host?: unknown): Promise<Response> =>
    this.#serve({ request, raw: host ?? request, address: undefined }, originalPath(host))

  readonly fastify = (instance: FastifyInstanceLike): Promise<void> =>
    mountInFastify(
      instance,
      (arrival, path) => this.#serve(arrival, path),
      () => this.close(),
    )

  close(): void {
    this.#live.close()
    this.#bulk.stopAll()
  }

  async #serveNode(incoming: NodeRequest, outgoing: ServerResponse, signal: AbortSignal): Promise<void> {
    const request = toRequest(incoming, signal)
    const arrival = { request, raw: incoming, address: incoming.socket.remoteAddress }
    await sendResponse(await this.#serve(arrival, incoming.originalUrl ?? incoming.url), outgoing)
  }

  /** @param original the path before the mount point was cut off, where it is known */
  async #serve(arrival: Arrival, original: string | undefined): Promise<Response> {
    let response: Response
    try {
      response = await this.#answer(arrival, original)
    } catch (error) {
      response = problemOf(error)
    }
    for (const [name, value] of Object.entries(securityHeaders)) response.headers.set(name, value)
    return response
  }

  async #answer(arrival: Arrival, original: string | undefined): Promise<Response> {
    const { request } = arrival
    const { pathname } = new URL(request.url)
    const path = pathname.replace(/^\//, '')
    const [originalPath = '', search] = (original ?? '').split('?', 2)
    if (path === '' && originalPath !== '' && !originalPath.endsWith('/')) {
      // Relative to the last segment: no other part of the path is needed.
      const last = originalPath.slice(originalPath.lastIndexOf('/') + 1)
      const location = `${last}/${search === undefined ? '' : `?${search}`}`
      return new Response(null, { status: 307, headers: { location: `./${location}` } })
    }
    if (path.startsWith('api/')) {
      const url = new URL(request.url)
      url.pathname = pathname.slice('/api'.length)
      return await this.#api.fetch(new Request(url, request), { arrival })
    }
    await this.#guard.admit(arrival)
    if (request.method !== 'GET' && request.method !== 'HEAD') throw new NotFound('There is nothing here.')
    const name = pages.has(path) ? 'index.html' : path
    this.#files ??= new StaticFiles()
    const file = this.#files.answer(name, request)
    if (file) return file
    // To somebody at a browser it says so in words; deeper down the page's own links would lead nowhere.
    const reads = request.headers.get('accept')?.includes('text/html') && !path.includes('/')
    const page = reads ? this.#files.answer('index.html', request) : undefined
    if (page) return new Response(page.body, { status: 404, headers: page.headers })
    throw new NotFound('There is no such page.')
  }
}

/** Of Hono on Node, or of a request that is passed as it came. */
function originalPath(host: unknown): string | undefined {
  if (typeof host !== 'object' || host === null) return undefined
  const { incoming, url } = host as { readonly incoming?: { readonly url?: unknown }; readonly url?: unknown }
  const found = incoming?.url ?? url
  if (typeof found !== 'string') return undefined
  if (found.startsWith('/')) return found
  const { pathname, search } = new URL(found)
  return `${pathname}${search}`
}
