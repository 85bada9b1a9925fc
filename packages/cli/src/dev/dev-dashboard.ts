import { type Listening, listenForDashboard } from '@tq/dashboard'
import { wholeNumber } from '../flags/convert.ts'
import type { LineLogger } from '../log/logger.ts'
import type { FoundApp } from '../tasks/found-app.ts'
import { chooseApp } from '../tasks/open-app.ts'

const usualPort = 5_555

/**
 * The dashboard beside `tq dev`, on this machine only. It has no task file: what it shows comes from the store, and nothing
 * has to be loaded again when code changes.
 *
 * @returns What closes it; undefined where there is none: no other process can see tasks in memory.
 */
export async function startDevDashboard(logger: LineLogger): Promise<(() => Promise<void>) | undefined> {
  if (process.env['TQ_BROKER_URL']?.startsWith('memory:')) return undefined
  const app = (await chooseApp({ app: [] })) as FoundApp
  app.useLogger(logger)
  try {
    const wanted = wholeNumber(process.env['TQ_DASHBOARD_PORT'] || undefined, 'TQ_DASHBOARD_PORT', 0)
    const { url, close } = await listen(app, wanted)
    logger.info(`dashboard: ${url}`)
    return async () => {
      await close()
      await app.close()
    }
  } catch (error) {
    // The tasks are what matters.
    logger.warn(`no dashboard: ${(error as Error).message}`)
    await app.close()
    return undefined
  }
}

/** The usual port may belong to another project's: then any free one. */
async function listen(app: Parameters<typeof listenForDashboard>[0], port?: number): Promise<Listening> {
  if (port !== undefined) return await listenForDashboard(app, { port })
  return await listenForDashboard(app, { port: usualPort }).catch(() => listenForDashboard(app, { port: 0 }))
}
