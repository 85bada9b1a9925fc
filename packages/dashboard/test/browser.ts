import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const places = [
  process.env['TQ_TEST_CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]
const program = places.find((path) => path !== undefined && existsSync(path))

/** Why there is no browser to test with; undefined where there is one. Under CI that is a failure, not a reason. */
export function missingBrowser(): string | undefined {
  if (program) return undefined
  const reason = 'no Chromium (set TQ_TEST_CHROMIUM to its path)'
  if (process.env['CI'] === 'true') throw new Error(`A browser is needed under CI: ${reason}`)
  return reason
}

export function startBrowser(): Promise<Browser> {
  const args = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking']
  return chromium.launch({ ...(program === undefined ? {} : { executablePath: program }), args })
}
