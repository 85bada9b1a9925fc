import { Worker } from 'node:worker_threads'
import type { ToProxy } from './proxy-thread.ts'

/** Ways to one service, so that one client's connections can be cut alone. */
export class Proxies {
  readonly #thread: Worker
  #opening: Promise<unknown> = Promise.resolve()

  constructor(endpoint: string) {
    this.#thread = new Worker(new URL('./proxy-thread.ts', import.meta.url), { workerData: endpoint })
  }

  /** Another way to it: its port. */
  async open(): Promise<number> {
    const opening = this.#opening.then(async () => {
      const answer = new Promise<number>((resolve) => this.#thread.once('message', resolve))
      this.#thread.postMessage('open' satisfies ToProxy)
      return await answer
    })
    this.#opening = opening
    return await opening
  }

  /** Cuts all connections without a word; new ones are taken. */
  sever(port: number): void {
    this.#thread.postMessage({ sever: port } satisfies ToProxy)
  }

  async close(): Promise<void> {
    await this.#thread.terminate()
  }
}
