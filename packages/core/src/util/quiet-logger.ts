import type { Logger } from '../contracts/logger.ts'

const nothing = () => {}

const line = (level: string, message: string, fields: Readonly<Record<string, unknown>> = {}): string =>
  `tq ${level} ${message}${Object.keys(fields).length > 0 ? ` ${JSON.stringify(fields)}` : ''}`

/** What an app logs to when it was given no logger: warnings and errors, to the console. */
export const quietLogger: Logger = {
  debug: nothing,
  info: nothing,
  warn: (message, fields) => console.warn(line('warn', message, fields)),
  error: (message, fields) => console.error(line('error', message, fields)),
}
