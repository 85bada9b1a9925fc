import { listenForDashboard } from '@tq/dashboard'
import { type DashboardValues, dashboardFlags } from '../dashboard/dashboard-flags.ts'
import { dashboardOptions } from '../dashboard/dashboard-options.ts'
import { command } from '../flags/define.ts'
import { logOptions } from '../log/log-options.ts'
import { LineLogger } from '../log/logger.ts'
import { hidePasswords } from '../output/hide-passwords.ts'
import type { FoundApp } from '../tasks/found-app.ts'
import { chooseApp, connect, serviceTimeout } from '../tasks/open-app.ts'
import { onStopSignal } from '../worker/signals.ts'

export const dashboard = command({
  name: 'dashboard',
  description: 'See tasks, queues and workers in the browser, and steer them',
  flags: dashboardFlags,
  async run(values) {
    const options = dashboardOptions(values)
    const logger = new LineLogger(logOptions(values, undefined))
    const app = (await chooseApp(values)) as FoundApp
    app.useLogger(logger)
    const listening = await listenForDashboard(app, options)
    const stopped = new Promise<void>((resolve) => {
      const stop = (signal: string) => {
        logger.info(`${signal}: stopping`)
        resolve()
      }
      onStopSignal(stop, () => process.exit(1))
    })
    const broker = hidePasswords(process.env['TQ_BROKER_URL'] ?? '')
    const { url } = listening
    const login = options.auth !== undefined
    logger.info(`dashboard: ${url}`, { broker, login, readOnly: values['read-only'] })
    void warnUnlessConnected(app, values, logger)
    await stopped
    await listening.close()
    await app.close()
  },
})

/** It starts all the same: the page says what is wrong, and goes on by itself. */
async function warnUnlessConnected(
  app: FoundApp,
  values: DashboardValues,
  logger: LineLogger,
): Promise<void> {
  try {
    await connect(app, values, serviceTimeout)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    logger.warn(`${hidePasswords(message)} The dashboard goes on by itself as soon as it answers.`)
  }
}
