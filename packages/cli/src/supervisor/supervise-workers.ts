import { wholeNumber } from '../flags/convert.ts'
import { logOptions } from '../log/log-options.ts'
import { LineLogger } from '../log/logger.ts'
import { banner } from '../worker/banner.ts'
import { tellParent } from '../worker/parent.ts'
import { onStopSignal } from '../worker/signals.ts'
import type { WorkerValues } from '../worker/worker-flags.ts'
import { toWorkerOptions } from '../worker/worker-options.ts'
import { Supervisor } from './supervisor.ts'

/** Several worker processes under one that watches them: the same command, started again for each. */
export async function superviseWorkers(values: WorkerValues, rawArguments: readonly string[]): Promise<void> {
  const count = wholeNumber(values.processes, 'processes') ?? 1
  // What the flags alone tell to be wrong is told before any process starts.
  toWorkerOptions(values, [])
  const logger = new LineLogger(logOptions(values, values.logfile))
  const supervisor = new Supervisor(rawArguments, logger)
  onStopSignal(
    (signal) => {
      logger.info(`${signal}: stopping; the same again stops now`, { processes: count })
      supervisor.stop()
    },
    (signal) => {
      logger.warn(`${signal}: stopping now`)
      supervisor.signal('SIGTERM')
    },
  )
  const info = await supervisor.start(count)
  if (info) {
    const { format } = logger.options
    if (format === 'pretty') logger.raw(banner(info, count))
    logger.info('ready', format === 'pretty' ? { processes: count } : { ...info, processes: count })
    await tellParent({ type: 'ready', info })
  }
  const killed = await supervisor.ended()
  logger.info('stopped', { killed })
  process.exitCode = killed > 0 ? 1 : 0
}
