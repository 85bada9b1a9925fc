import { hostname } from 'node:os'
import { type AppInternals, appBrand } from '../runtime/app-brand.ts'
import type { Beat, BeatOptions } from '../schedule/beat-module.ts'
import { type Companion, Worker } from '../worker/worker.ts'
import { resolveWorkerOptions, type WorkerOptions } from '../worker/worker-options.ts'
import type { App } from './app.ts'

/**
 * A worker for the tasks of an app, in this process. `tq worker` does the same from the command line.
 *
 * @throws TqError `INVALID_OPTION`, `INVALID_NAME`, `INVALID_DURATION`
 * @example
 * const worker = createWorker(app, { queues: ['default'], concurrency: 20 })
 * await worker.start()
 * process.once('SIGTERM', () => worker.stop())
 */
export function createWorker(
  app: Pick<App<unknown>, typeof appBrand>,
  options: WorkerOptions = {},
  loader?: string,
): Worker {
  const internals = app[appBrand]
  const { settings, registry } = internals.runtime
  const queues = new Set([settings.queue])
  for (const { policy } of registry.all()) if (policy.queue) queues.add(policy.queue)
  for (const { route } of settings.routes) if (route.queue) queues.add(route.queue)
  const resolved = resolveWorkerOptions(options, [...queues], `${hostname()}:${process.pid}`)
  return new Worker(internals, resolved, loader, options.beat ? beatOf(internals, options.beat) : undefined)
}

/** A beat inside the worker; its package is loaded when the worker starts. */
function beatOf(app: AppInternals, options: true | BeatOptions): Companion {
  let beat: Beat | undefined
  return {
    async start() {
      const { createBeat } = await app.loadBeat()
      beat = createBeat({ [appBrand]: app }, options === true ? {} : options)
      await beat.start()
    },
    async stop() {
      await beat?.stop()
    },
  }
}
