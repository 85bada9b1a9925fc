import type { Logger } from '../contracts/logger.ts'

const levels: readonly string[] = ['debug', 'info', 'warn', 'error'] satisfies (keyof Logger)[]
const warn = levels.indexOf('warn')

const nothing = () => {}

/**
 * What an app logs to when it was given no logger: the console, from `TQ_LOG_LEVEL` on, which is `warn` where it is not
 * set.
 */
export function consoleLogger(level = process.env['TQ_LOG_LEVEL'] ?? ''): Logger {
  const named = levels.indexOf(level.toLowerCase())
  const least = named < 0 ? warn : named
  const at = (name: keyof Logger): Logger['info'] => {
    if (levels.indexOf(name) < least) return nothing
    return (message, fields = {}) => {
      const told = Object.keys(fields).length > 0 ? ` ${JSON.stringify(fields)}` : ''
      console[name](`tq ${name} ${message}${told}`)
    }
  }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
