import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Actions } from './actions.ts'
import { type Faults, noFaults, seeded } from './faults.ts'
import { SqsFailure } from './queue.ts'

/** Calls by action since the service began; and of these, receives that found nothing. */
export interface Calls {
  readonly byAction: Readonly<Record<string, number>>
  /** Entries of batch calls and messages received, by action. */
  readonly entries: Readonly<Record<string, number>>
  readonly emptyReceives: number
}

/** An SQS endpoint: AWS's JSON protocol, the documented behaviour, and faults to order. Keeps its queues over a restart. */
export class SqsServer {
  #faults: Faults = noFaults
  readonly #random = seeded(20_261_126)
  readonly #actions = new Actions(
    () => this.#faults,
    this.#random,
    () => `http://127.0.0.1:${this.#port}`,
  )
  readonly #byAction: Record<string, number> = {}
  readonly #entries: Record<string, number> = {}
  #emptyReceives = 0
  #server: Server | undefined
  #port = 0

  get calls(): Calls {
    return {
      byAction: { ...this.#byAction },
      entries: { ...this.#entries },
      emptyReceives: this.#emptyReceives,
    }
  }

  setFaults(faults: Partial<Faults>): void {
    this.#faults = { ...noFaults, ...faults }
  }

  /** On the same port as before. Returns it. */
  async listen(): Promise<number> {
    const server = createServer((request, response) => void this.#answer(request, response))
    server.keepAliveTimeout = 60_000
    server.listen(this.#port, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (typeof address === 'object' && address) this.#port = address.port
    this.#server = server
    return this.#port
  }

  async stop(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (!server) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    try {
      const text = await read(request)
      const action = String(request.headers['x-amz-target'] ?? '').replace('AmazonSQS.', '')
      this.#byAction[action] = (this.#byAction[action] ?? 0) + 1
      this.#misbehave()
      const body = JSON.parse(text || '{}')
      const answer = await this.#actions.run(action, body, gone.signal)
      const count = body.Entries?.length ?? answer.Messages?.length ?? 0
      this.#entries[action] = (this.#entries[action] ?? 0) + count
      if (action === 'ReceiveMessage' && count === 0) this.#emptyReceives++
      send(response, 200, answer)
    } catch (error) {
      const failure =
        error instanceof SqsFailure ? error : new SqsFailure('InternalError', String(error), 500)
      send(response, failure.status, {
        __type: `com.amazonaws.sqs#${failure.code}`,
        message: failure.message,
      })
    }
  }

  #misbehave(): void {
    const { expiredCredentials, throttled, unavailable } = this.#faults
    if (expiredCredentials)
      throw new SqsFailure('ExpiredToken', 'The security token included in the request is expired', 403)
    if (this.#random() < throttled) throw new SqsFailure('RequestThrottled', 'Rate exceeded', 400)
    if (this.#random() < unavailable) throw new SqsFailure('ServiceUnavailable', 'Try again', 503)
  }
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' })
  response.end(JSON.stringify(body))
}
