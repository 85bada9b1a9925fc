import { wholeNumber } from '../flags/convert.ts'
import { command } from '../flags/define.ts'
import { superviseWorkers } from '../supervisor/supervise-workers.ts'
import { checkWorkers } from '../worker/check-workers.ts'
import { detach } from '../worker/detach.ts'
import { tellFailure } from '../worker/parent.ts'
import { holdPidfile } from '../worker/pidfile.ts'
import { runWorker } from '../worker/run-worker.ts'
import { type WorkerValues, workerFlags } from '../worker/worker-flags.ts'

export const worker = command({
  name: 'worker',
  description: 'Run tasks',
  flags: workerFlags,
  async run(values, rawArguments) {
    if (values.check) return await checkWorkers(values)
    const child = values.detached || values.supervised !== undefined
    if (values.detach && !child) return await detach(values, rawArguments)
    try {
      if (values.pidfile !== undefined && values.supervised === undefined) holdPidfile(values.pidfile)
      await (needsSupervisor(values) ? superviseWorkers(values, rawArguments) : runWorker(values))
    } catch (error) {
      if (child) await tellFailure(error)
      throw error
    }
  },
})

/** Somebody has to start the next process when one has had its tasks. */
function needsSupervisor(values: WorkerValues): boolean {
  if (values.supervised !== undefined) return false
  const processes = wholeNumber(values.processes, 'processes') ?? 1
  return processes > 1 || values['max-tasks-per-process'] !== undefined || values['max-memory'] !== undefined
}
