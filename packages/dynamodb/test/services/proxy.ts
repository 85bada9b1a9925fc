import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

/** What becomes of a call: passed on, changed on the way, refused, answered by nobody, or done with its answer lost. */
type Fate =
  | 'pass'
  | 'hang'
  | 'lose'
  | { readonly refuse: string; readonly status?: number }
  | {
      readonly request?: (body: Body) => Body
      readonly answer?: (body: Body, asked: Body) => Body
    }

export type Body = Record<string, unknown>

/** Stands before a DynamoDB, sees every call, and decides its fate. */
export interface TestProxy {
  readonly endpoint: string
  /** The operations, in the order they came. */
  readonly calls: string[]
  /** Decides from now on. */
  decide(fate: (operation: string, body: Body) => Fate | Promise<Fate>): void
  close(): Promise<void>
}

export async function startProxy(target: string): Promise<TestProxy> {
  const calls: string[] = []
  let fateOf: (operation: string, body: Body) => Fate | Promise<Fate> = () => 'pass'
  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy())
  })
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    const operation = String(request.headers['x-amz-target']).split('.').at(-1) ?? ''
    const asked = JSON.parse(String(Buffer.concat(parts)) || '{}') as Body
    calls.push(operation)
    const fate = await fateOf(operation, asked)
    if (fate === 'hang') return
    if (typeof fate === 'object' && 'refuse' in fate) {
      const type = `com.amazonaws.dynamodb.v20120810#${fate.refuse}`
      response.writeHead(fate.status ?? 400, { 'content-type': 'application/x-amz-json-1.0' })
      response.end(JSON.stringify({ __type: type, message: 'said the proxy' }))
      return
    }
    const change = typeof fate === 'object' ? fate : {}
    const headers = { ...request.headers } as Record<string, string>
    for (const name of ['host', 'content-length', 'connection']) delete headers[name]
    const body = JSON.stringify(change.request?.(asked) ?? asked)
    const answer = await fetch(target, { method: 'POST', headers, body })
    const text = await answer.text()
    if (fate === 'lose') {
      response.destroy()
      return
    }
    const changed = change.answer ? JSON.stringify(change.answer(JSON.parse(text) as Body, asked)) : text
    response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.0' })
    response.end(changed)
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    calls,
    decide: (fate) => {
      fateOf = fate
    },
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
