import { appBrand, createApp, type Logger } from '@tq/core'
import type { FoundApp } from '../tasks/found-app.ts'

/** Gives the app our logger, unless it was made with one of its own. Returns the one in use. */
export function useLogger(app: FoundApp, logger: Logger): Logger {
  const { settings } = app.runtime
  // What every app has that was given none.
  const none = createApp()[appBrand].runtime.settings.logger
  if (settings.logger !== none) return settings.logger
  app.useLogger(logger)
  return logger
}
