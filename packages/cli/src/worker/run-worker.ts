import { createWorker, type StopReport, type Worker } from '@tq/core'
import { loaderUrl } from '../files.ts'
import { logOptions } from '../log/log-options.ts'
import { LineLogger } from '../log/logger.ts'
import type { FoundApp } from '../tasks/found-app.ts'
import { loadTasks } from '../tasks/load-tasks.ts'
import { connect, serviceTimeout } from '../tasks/open-app.ts'
import { banner, startInfo } from './banner.ts'
import { tellParent } from './parent.ts'
import { onStopSignal } from './signals.ts'
import { logTasks } from './task-log.ts'
import type { WorkerValues } from './worker-flags.ts'
import { toWorkerOptions } from './worker-options.ts'

/** After the second signal, how long giving back and closing may take before the process just ends. */
const lastMomentMs = 5_000

/** The worker in this process, from the task files to the last connection closed. */
export async function runWorker(values: WorkerValues): Promise<void> {
  const supervised = values.supervised !== undefined
  const logger = new LineLogger(
    logOptions(values, values.logfile),
    supervised ? { worker: Number(values.supervised) } : {},
  )
  const { app, modules } = await loadTasks('tq worker', values.app)
  logTasks(app, app.useLogger(logger))
  const worker = createWorker(app, toWorkerOptions(values, modules), loaderUrl)
  stopOnSignals(worker, logger, supervised)
  crashLoudly(logger)
  await connect(app, values, serviceTimeout)
  await worker.start()
  await announce(app, worker, logger, supervised)
  const report = await worker.stopped
  await finish(app, report, logger)
}

async function announce(app: FoundApp, worker: Worker, logger: LineLogger, supervised: boolean) {
  const info = startInfo(app, worker)
  if (!supervised && logger.options.format === 'pretty') logger.raw(banner(info, 1))
  const brief = logger.options.format === 'pretty' || supervised
  logger.info('ready', brief ? { name: info.name } : { ...info })
  if (worker.metricsPort !== undefined)
    logger.info('metrics', { url: `http://${worker.options.metricsHost}:${worker.metricsPort}/metrics` })
  await tellParent({ type: 'ready', info })
}

async function finish(app: FoundApp, report: StopReport, logger: LineLogger): Promise<void> {
  logger.info('stopped', { ...report })
  await app.close()
  await tellParent({ type: 'stopped', reason: report.reason })
}

/** The first signal drains, the second one gives back what runs. Without its parent a child stops too. */
function stopOnSignals(worker: Worker, logger: LineLogger, supervised: boolean): void {
  const drain = (why: string) => {
    const { active } = worker.describe()
    logger.info(`${why}: stopping; the same again stops now`, { running: active.length })
    void worker.stop()
  }
  const hurry = (why: string) => {
    logger.warn(`${why}: stopping now`)
    void worker.stop()
    setTimeout(() => process.exit(1), lastMomentMs).unref()
  }
  onStopSignal(drain, hurry)
  if (supervised) process.once('disconnect', () => drain('the supervisor is gone'))
}

/** What nobody caught ends the process, as it would without us, but in the log. */
function crashLoudly(logger: LineLogger): void {
  process.on('uncaughtException', (error) => {
    logger.error('an error that nothing caught ends this process', { error: String(error?.stack ?? error) })
    process.exit(1)
  })
}
