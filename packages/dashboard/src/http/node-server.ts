import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'

/** A request of Node's server, as Express and its like change it. */
export interface NodeRequest extends IncomingMessage {
  /** Before a mount point was cut off. */
  readonly originalUrl?: string
  /** Of a parser that ran before and has read the stream. */
  readonly body?: unknown
}

/** The web's form of a request of Node's server. @param signal Aborted when the client has gone. */
export function toRequest(incoming: NodeRequest, signal: AbortSignal): Request {
  const { method = 'GET', url = '/', socket } = incoming
  const scheme = 'encrypted' in socket && socket.encrypted ? 'https' : 'http'
  const target = new URL(url.startsWith('/') ? `${scheme}://host.invalid${url}` : url)
  const headers = new Headers()
  // HTTP/2 says it differently.
  const authority = incoming.headers[':authority']
  if (authority !== undefined) headers.set('host', String(authority))
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (name.startsWith(':') || value === undefined) continue
    for (const one of Array.isArray(value) ? value : [value]) headers.append(name, one)
  }
  const hasBody = method !== 'GET' && method !== 'HEAD'
  return new Request(target, {
    method,
    headers,
    signal,
    ...(hasBody ? { body: bodyOf(incoming, headers), duplex: 'half' } : {}),
  } as RequestInit)
}

function bodyOf(incoming: NodeRequest, headers: Headers): NonNullable<RequestInit['body']> {
  // express.json() and Nest's default parser have read the stream already.
  if (!incoming.readableDidRead) return Readable.toWeb(incoming) as ReadableStream
  const { body } = incoming
  headers.delete('content-length')
  return typeof body === 'string'
    ? body
    : body instanceof Uint8Array
      ? body.slice()
      : JSON.stringify(body ?? '')
}

/** Writes an answer, piece by piece where it is a stream; ends it when the client has gone. */
export async function sendResponse(response: Response, outgoing: ServerResponse): Promise<void> {
  const headers: Record<string, string | string[]> = Object.fromEntries(response.headers)
  // A live page's connection ends with it: a server that closes would wait for an idle one.
  if (response.headers.get('content-type')?.startsWith('text/event-stream')) outgoing.shouldKeepAlive = false
  outgoing.writeHead(response.status, headers)
  if (!response.body) {
    outgoing.end()
    return
  }
  const reader = response.body.getReader()
  const stop = () => void reader.cancel().catch(() => undefined)
  outgoing.once('close', stop)
  outgoing.flushHeaders()
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    if (outgoing.destroyed) return
    if (!outgoing.write(chunk.value)) await Promise.race([once(outgoing, 'drain'), once(outgoing, 'close')])
  }
  outgoing.end()
}
