import { type App, type AppOptions, createApp, createWorker, type Worker, type WorkerOptions } from '@tq/core'
import { onTestFinished } from 'vitest'
import { createDashboard, type Dashboard, type DashboardOptions } from '../src/index.ts'

export const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** An app in memory, closed after the test. */
export function memoryApp(options: AppOptions<undefined> = {}): App<undefined> {
  const app = createApp<undefined>({ broker: 'memory:', logger: silent, ...options })
  onTestFinished(() => app.close())
  return app
}

/** A started worker, stopped after the test. */
export async function startWorker(app: App<undefined>, options: WorkerOptions = {}): Promise<Worker> {
  const worker = createWorker(app, { name: 'one', ...options })
  onTestFinished(async () => void (await worker.stop({ grace: '1s' })))
  await worker.start()
  return worker
}

export function openDashboard(app: App<undefined>, options: DashboardOptions = {}): Dashboard {
  const dashboard = createDashboard(app, options)
  onTestFinished(() => dashboard.close())
  return dashboard
}

/** Asks it as a browser on this machine does. */
export function ask(
  dashboard: Dashboard,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return dashboard.fetch(
    new Request(`http://127.0.0.1/${path}`, { headers: { host: '127.0.0.1', ...headers } }),
  )
}

export async function read<T>(dashboard: Dashboard, path: string): Promise<T> {
  const response = await ask(dashboard, `api/${path}`)
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return (await response.json()) as T
}

/** What the page sends when somebody presses a button. */
export function press(
  dashboard: Dashboard,
  action: string,
  body: unknown = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return dashboard.fetch(
    new Request(`http://127.0.0.1/api/do/${action}`, {
      method: 'POST',
      headers: {
        host: '127.0.0.1',
        'content-type': 'application/json',
        'sec-fetch-site': 'same-origin',
        ...headers,
      },
      body: JSON.stringify(body),
    }),
  )
}

/** Waits until it holds. */
export async function until(holds: () => boolean | Promise<boolean>, ms = 5_000): Promise<void> {
  const deadline = performance.now() + ms
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`did not come true within ${ms} ms: ${holds}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** The messages of a stream of events, as they come. */
export class Events {
  readonly messages: Record<string, unknown>[] = []
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  #text = ''
  #ended = false

  constructor(response: Response) {
    if (!response.body) throw new Error('no body')
    this.#reader = response.body.getReader()
    // A connection that is cut ends it, too.
    void this.#pump().catch(() => {
      this.#ended = true
    })
  }

  async next(fits: (message: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
    await until(() => this.#ended || this.messages.some(fits))
    const found = this.messages.find(fits)
    if (!found) throw new Error(`ended without it: ${JSON.stringify(this.messages).slice(0, 500)}`)
    return found
  }

  async close(): Promise<void> {
    await this.#reader.cancel()
  }

  async #pump(): Promise<void> {
    const decoder = new TextDecoder()
    for (;;) {
      const { done, value } = await this.#reader.read()
      if (done) break
      this.#text += decoder.decode(value, { stream: true })
      const blocks = this.#text.split('\n\n')
      this.#text = blocks.pop() ?? ''
      for (const block of blocks)
        if (block.startsWith('data: ')) this.messages.push(JSON.parse(block.slice('data: '.length)))
    }
    this.#ended = true
  }
}
