import { existsSync, mkdirSync } from 'node:fs'
import { startDevDashboard } from '../dev/dev-dashboard.ts'
import { DevLoop } from '../dev/dev-loop.ts'
import { FolderWatch } from '../dev/watch-folder.ts'
import { duration } from '../flags/checks.ts'
import { connectionFlags, logFlags, queuesFlag } from '../flags/common-flags.ts'
import { command } from '../flags/define.ts'
import type { Flags } from '../flags/flag.ts'
import { logOptions } from '../log/log-options.ts'
import { LineLogger } from '../log/logger.ts'
import { CommandError, usageError } from '../output/command-error.ts'
import { hidePasswords } from '../output/hide-passwords.ts'
import { onStopSignal } from '../worker/signals.ts'

const flags = {
  ...queuesFlag,
  concurrency: {
    type: 'string',
    description: 'Tasks at once (10)',
    valueHint: 'n',
    alias: 'c',
    env: 'TQ_CONCURRENCY',
  },
  grace: {
    type: 'string',
    description: 'At a restart, how long running tasks may go on (2s)',
    valueHint: 'duration',
    check: duration,
    env: 'TQ_SHUTDOWN_TIMEOUT',
  },
  ...logFlags,
  ...connectionFlags,
} as const satisfies Flags

export const dev = command({
  name: 'dev',
  description: 'Run tasks and schedules while you write them: SQLite, a dashboard, restarts on change',
  flags,
  // In production the environment comes from the platform.
  prepare() {
    if (existsSync('.env')) process.loadEnvFile('.env')
  },
  async run(values, rawArguments) {
    if (process.env['NODE_ENV'] === 'production') {
      throw new CommandError(
        'NOT_FOR_PRODUCTION',
        'tq dev is not for production (NODE_ENV=production): use tq worker.',
      )
    }
    if (values.app.length === 0) throw usageError('tq dev: no task file. Name it: tq dev -A src/tasks.ts')
    const logger = new LineLogger(logOptions(values, undefined))
    const chosen = chooseBroker()
    const broker = hidePasswords(process.env['TQ_BROKER_URL'] ?? '')
    logger.info('tq dev: a worker, its beat and a dashboard', { broker })
    if (chosen) logger.info(`whoever sends needs the same: export TQ_BROKER_URL=${broker}`)
    const grace = values.grace === undefined ? ['--grace', '2s'] : []
    const loop = new DevLoop([...grace, '--beat', ...rawArguments], logger)
    const watch = new FolderWatch(process.cwd(), (file) => loop.restart(file))
    loop.start()
    const dashboard = startDevDashboard(logger)
    await new Promise<void>((resolve) => {
      const end = () => void loop.stop().then(resolve)
      onStopSignal(end, end)
    })
    watch.close()
    await (await dashboard)?.()
  },
})

/** A file of the project's own, unless a broker is named: tasks survive the restarts. */
function chooseBroker(): boolean {
  if (process.env['TQ_BROKER_URL']) return false
  if (!existsSync('.tq')) mkdirSync('.tq')
  process.env['TQ_BROKER_URL'] = 'sqlite:.tq/dev.db'
  return true
}
