import {
  type App,
  type AppOptions,
  createApp,
  createWorker,
  type TaskEvents,
  type Worker,
  type WorkerOptions,
} from '@tq/core'
import { describe, test } from 'vitest'
import { type OpenPair, type Pair, pairs } from './pairs.ts'

/** One test's apps and workers on one pair; all are stopped when it ends. */
export class Stage {
  readonly pair: Pair
  readonly #open: OpenPair
  readonly #apps: App<never>[] = []
  readonly #workers: Worker[] = []

  constructor(pair: Pair) {
    this.pair = pair
    this.#open = pair.open()
  }

  /** An app on this pair's services. Two apps of one stage see the same queues. */
  app<State = undefined>(options: AppOptions<State> = {}): App<State> {
    const app = createApp<State>({ ...this.#open.options, logger: silent, ...options })
    this.#apps.push(app as App<never>)
    return app
  }

  /** The broker does all that SQS may do: no task is promised to run once only, nor in order. */
  get unruly(): boolean {
    return this.pair.unruly ?? false
  }

  /** A task may not only run twice here, but also end twice: nothing tells that it has ended before. */
  get mayEndTwice(): boolean {
    return this.unruly && !this.pair.hasBackend
  }

  /** What ran, as far as that is promised: each as often as it did, or where the broker is unruly, each once. */
  runs<T extends string | number>(seen: readonly T[]): readonly T[] {
    return this.unruly ? [...new Set(seen)] : seen
  }

  /** Whether a service counts as many as are promised: what it handed out twice may be given back twice. */
  counts(seen: number | undefined, promised: number): boolean {
    return this.unruly ? (seen ?? 0) >= promised : seen === promised
  }

  /** Tasks or letters that are shown, as far as that is promised: one that is there twice is shown twice. */
  shown<T extends { readonly id: string }>(tasks: readonly T[]): readonly T[] {
    return this.unruly ? [...new Map(tasks.map((task) => [task.id, task])).values()] : tasks
  }

  /** Those of its services. */
  get adapters() {
    return this.#open.options.adapters
  }

  /** A started worker. */
  async worker(app: App<never> | App<undefined>, options: WorkerOptions = {}): Promise<Worker> {
    const worker = createWorker(app, { concurrency: 4, ...options })
    this.#workers.push(worker)
    await worker.start()
    return worker
  }

  async end(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.stop({ grace: '2s' })))
    await Promise.all(this.#apps.map((app) => app.close()))
    this.#open.close()
  }
}

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/**
 * A promise to users, tried on every pair of broker and backend.
 *
 * @param id Stable; the rows of the feature matrix.
 * @param needs What it takes: a backend, or a broker that can change what waits in a queue.
 */
export function feature(
  id: string,
  needs: { readonly backend: boolean; readonly change?: true },
  body: (stage: Stage) => Promise<void>,
  options: { readonly timeoutMs?: number } = {},
): void {
  describe(id, () => {
    for (const pair of pairs) {
      const applies = (pair.hasBackend || !needs.backend) && (changesQueued(pair) || !needs.change)
      const run = test.skipIf(pair.missing !== undefined || !applies)
      const timeout = options.timeoutMs ?? 60_000
      const name = pair.fullTier ? `${pair.name} (full tier)` : pair.name
      run(pair.missing ? `${pair.name} (${pair.missing})` : name, { timeout }, async () => {
        const stage = new Stage(pair)
        try {
          await body(stage)
        } finally {
          await stage.end()
        }
      })
    }
  })
}

/** RabbitMQ and SQS hand messages out in their own order only: a single one cannot be reached. */
export const changesQueued = ({ name }: Pair): boolean => !/^(rabbitmq|sqs)/.test(name)

/** The next event of a kind that fits. */
export function next<Name extends keyof TaskEvents>(
  app: Pick<App<never>, 'on'>,
  name: Name,
  fits: (event: TaskEvents[Name]) => boolean = () => true,
): Promise<TaskEvents[Name]> {
  return new Promise((resolve) => {
    const off = app.on(name, (event) => {
      if (!fits(event)) return
      off()
      resolve(event)
    })
  })
}

/** Resolves as soon as the check holds; rejects with its last answer when it does not in time. */
export async function until<T>(
  check: () => Promise<T | undefined | false> | T | undefined | false,
  withinMs = 10_000,
): Promise<T> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const answer = await check()
    if (answer !== undefined && answer !== false) return answer
    if (performance.now() > deadline) throw new Error(`still ${String(answer)} after ${withinMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** A promise and the function that resolves it: a gate that a handler waits at. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}
