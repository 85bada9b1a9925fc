import { openAsBlob } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import type { Hit } from '../search.ts'
import type { taskStatus } from '../task-status.ts'
import type { DemoDocument } from './documents.ts'

export type Status = NonNullable<Awaited<ReturnType<typeof taskStatus>>>

/** One file, or several. */
type Accepted = { readonly task_id: string } | { readonly tasks: readonly { readonly task_id: string }[] }

const pollMs = 100
const ended = new Set<Status['status']>(['SUCCESS', 'FAILURE', 'REVOKED'])

/** A visitor of the HTTP service. Knows its address and nothing of queues. */
export class Client {
  readonly #url: string
  readonly #signal: AbortSignal

  constructor(url: string, signal: AbortSignal) {
    this.#url = url
    this.#signal = signal
  }

  /** All in one request. Returns a task's id for each. */
  async upload(documents: readonly DemoDocument[]): Promise<readonly string[]> {
    const form = new FormData()
    for (const { path, name } of documents) form.append('file', await openAsBlob(path), name)
    const accepted = await this.#fetch<Accepted>('/upload', 202, { method: 'POST', body: form })
    return 'tasks' in accepted ? accepted.tasks.map(({ task_id }) => task_id) : [accepted.task_id]
  }

  /** Asks until the task has ended, and hands on every answer. */
  async follow(taskId: string, onStatus: (status: Status) => void): Promise<Status> {
    for (;;) {
      const status = await this.#fetch<Status>(`/tasks/${taskId}`, 200)
      onStatus(status)
      if (ended.has(status.status)) return status
      await setTimeout(pollMs, undefined, { signal: this.#signal })
    }
  }

  async search(query: string): Promise<Hit[]> {
    const { hits } = await this.#fetch<{ hits: Hit[] }>(`/search?q=${encodeURIComponent(query)}`, 200)
    return hits
  }

  async #fetch<T>(path: string, expected: number, init: RequestInit = {}): Promise<T> {
    const send = () => fetch(`${this.#url}${path}`, { ...init, signal: this.#signal })
    // A connection that was idle may be closed at the moment it is used again. Asking twice changes nothing; sending may.
    const response = await (init.method === undefined ? send().catch(send) : send())
    const body = await response.text()
    if (response.status !== expected) throw new Error(`${path} answered ${response.status}: ${body}`)
    return JSON.parse(body) as T
  }
}
