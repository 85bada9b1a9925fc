import type { App } from '@tq/core'

/** Looking takes at most this part of the time, so that a large store does not feel it. */
const mostOfTheTime = 0.05
const leastPauseMs = 4_000
/** The first ones may be delayed: their time to run has not come. */
const looked = 50
const latest = 200
const mostQueues = 500

/**
 * Since when the longest waiting task of each queue waits, and queues that tasks were sent to and no worker ever listened
 * to. Found out in the background, one question after the other.
 */
export class WaitingTasks {
  readonly #app: Pick<App<unknown>, 'history'>
  readonly #oldest = new Map<string, number | null>()
  readonly #queues = new Set<string>()
  #looking = false
  #notBefore = 0

  constructor(app: Pick<App<unknown>, 'history'>) {
    this.#app = app
  }

  /** Null: none waits, or it is not known. @param waiting whether the broker counts any */
  of(queue: string, waiting: boolean): number | null {
    return waiting ? (this.#oldest.get(queue) ?? null) : null
  }

  /** Queues of tasks that wait, as far as they were seen. */
  get queues(): ReadonlySet<string> {
    return this.#queues
  }

  /** Looks again, if enough time has passed. Never throws. */
  refresh(queues: readonly string[]): void {
    if (this.#looking || performance.now() < this.#notBefore) return
    this.#looking = true
    const start = performance.now()
    void this.#look(queues).finally(() => {
      const tookMs = performance.now() - start
      this.#notBefore = performance.now() + Math.max(leastPauseMs, tookMs / mostOfTheTime)
      this.#looking = false
    })
  }

  async #look(queues: readonly string[]): Promise<void> {
    try {
      const { tasks } = await this.#app.history.list({ state: 'PENDING' }, { limit: latest })
      for (const { queue } of tasks) if (this.#queues.size < mostQueues) this.#queues.add(queue)
      for (const queue of queues) this.#oldest.set(queue, await this.#find(queue))
    } catch {
      // Whatever it is, the reads of the page say it.
    }
  }

  async #find(queue: string): Promise<number | null> {
    const { tasks } = await this.#app.history.list(
      { state: 'PENDING', queue },
      { order: 'earliest', limit: looked },
    )
    const now = Date.now()
    for (const { sentAt, dueAt } of tasks) {
      const since = Math.max(sentAt?.getTime() ?? now, dueAt?.getTime() ?? 0)
      if (since <= now) return since
    }
    return null
  }
}
