import type { BeatOptions, Duration } from '@tq/core'
import { appBrand } from '@tq/core'
import { duration } from '../flags/checks.ts'
import { connectionFlags, logFlags } from '../flags/common-flags.ts'
import { command } from '../flags/define.ts'
import type { Flags } from '../flags/flag.ts'
import { logOptions } from '../log/log-options.ts'
import { LineLogger } from '../log/logger.ts'
import type { FoundApp } from '../tasks/found-app.ts'
import { loadTasks } from '../tasks/load-tasks.ts'
import { connect, serviceTimeout } from '../tasks/open-app.ts'
import { onStopSignal } from '../worker/signals.ts'

const flags = {
  lease: {
    type: 'string',
    description: 'How long after the death of a leader another one takes over (15s)',
    valueHint: 'duration',
    check: duration,
    env: 'TQ_BEAT_LEASE',
  },
  name: {
    type: 'string',
    description: 'For people, in logs (host:pid)',
    valueHint: 'name',
    alias: 'n',
    env: 'TQ_BEAT_NAME',
  },
  logfile: { type: 'string', description: 'Instead of stdout', valueHint: 'file', env: 'TQ_LOGFILE' },
  ...logFlags,
  ...connectionFlags,
} as const satisfies Flags

export const beat = command({
  name: 'beat',
  description: 'Send what is scheduled; any number may run, one leads',
  flags,
  async run(values) {
    const { lease, name } = values
    const logger = new LineLogger(logOptions(values, values.logfile))
    const { app } = await loadTasks('tq beat', values.app)
    app.useLogger(logger)
    const options: BeatOptions = {
      ...(lease === undefined ? {} : { lease: lease as Duration }),
      ...(name === undefined ? {} : { name }),
    }
    const running = (await app.loadBeat()).createBeat({ [appBrand]: app }, options)
    const stopped = new Promise<void>((resolve) => {
      const stop = (signal: string) => {
        logger.info(`${signal}: stopping`)
        resolve()
      }
      onStopSignal(stop, () => process.exit(1))
    })
    await connect(app, values, serviceTimeout)
    await running.start()
    await announce(app, logger)
    await stopped
    await running.stop()
    logger.info('stopped')
    await app.close()
  },
})

/** What it will send, and when next. */
async function announce(app: FoundApp, logger: LineLogger): Promise<void> {
  const schedules = await app.schedules.list({ next: 1 })
  for (const { name, when, timeZone, state, next } of schedules) {
    const [first] = next
    const fields = { schedule: name, when, timeZone, state }
    logger.info('scheduled', first ? { ...fields, next: first.toISOString() } : fields)
  }
  logger.info('beat ready', { schedules: schedules.length })
}
