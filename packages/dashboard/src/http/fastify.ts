import type { ServerResponse } from 'node:http'
import type { Arrival } from '../access/guard.ts'
import { type NodeRequest, sendResponse, toRequest } from './node-server.ts'

/** The part of Fastify that is used: no version of it is needed to install this package. */
export interface FastifyInstanceLike {
  readonly prefix: string
  removeAllContentTypeParsers(): unknown
  addContentTypeParser(
    type: string,
    parser: (request: unknown, payload: unknown, done: (error: null, body?: unknown) => void) => void,
  ): unknown
  addHook(name: 'preClose', hook: (done: () => void) => void): unknown
  all(path: string, handler: (request: FastifyRequestLike, reply: FastifyReplyLike) => Promise<void>): unknown
}

interface FastifyRequestLike {
  readonly raw: NodeRequest
}

interface FastifyReplyLike {
  readonly raw: ServerResponse
  hijack(): unknown
}

type Serve = (arrival: Arrival, originalPath: string | undefined) => Promise<Response>

/** A plugin's own scope: bodies are left to us here, whatever the application parses elsewhere. */
export async function mountInFastify(
  instance: FastifyInstanceLike,
  serve: Serve,
  close: () => void,
): Promise<void> {
  instance.removeAllContentTypeParsers()
  instance.addContentTypeParser('*', (_request, _payload, done) => done(null))
  const handle = async (fastifyRequest: FastifyRequestLike, reply: FastifyReplyLike): Promise<void> => {
    const { raw } = fastifyRequest
    reply.hijack()
    const gone = new AbortController()
    reply.raw.once('close', () => gone.abort())
    const full = toRequest(raw, gone.signal)
    const url = new URL(full.url)
    url.pathname = url.pathname.slice(instance.prefix.length) || '/'
    const arrival = {
      request: new Request(url, full),
      raw: fastifyRequest,
      address: raw.socket.remoteAddress,
    }
    try {
      await sendResponse(await serve(arrival, raw.url), reply.raw)
    } catch {
      reply.raw.destroy()
    }
  }
  // It waits for open answers when it closes, and those of live pages have no end.
  instance.addHook('preClose', (done) => {
    close()
    done()
  })
  instance.all('/', handle)
  instance.all('/*', handle)
}
