import { TqError } from '@tq/core'
import { checkAuth, type DashboardAuth } from './access/options.ts'

/** What the page shows of where it runs, so that nobody takes one for another. */
export interface DashboardEnvironment {
  readonly label: string
  /** @default 'neutral' */
  readonly tone?: 'neutral' | 'warning' | 'danger'
}

export interface DashboardOptions {
  /** Who may use it. Required in production, and wherever it is reached from another machine. */
  readonly auth?: DashboardAuth
  /** Nobody may do more than look. @default false */
  readonly readOnly?: boolean
  /**
   * The names it answers for, with or without a port: `'tq.example.com'`. Exact; others are refused.
   *
   * @default with `auth` any, without it those of this machine
   */
  readonly hosts?: readonly string[]
  /** A label such as `production`. */
  readonly environment?: DashboardEnvironment
  /**
   * `redacted`: inputs, results and log fields as core keeps them, values of secret names left out. `hidden`: none of them
   * leaves the server.
   *
   * @default 'redacted'
   */
  readonly payloads?: 'redacted' | 'hidden'
}

const names: ReadonlySet<string> = new Set<string>([
  'auth',
  'readOnly',
  'hosts',
  'environment',
  'payloads',
] satisfies (keyof DashboardOptions)[])

/** @throws TqError `INVALID_OPTION`, also without `auth` in production: with the line that mends it */
export function checkOptions(options: DashboardOptions): DashboardOptions {
  for (const name of Object.keys(options)) {
    if (!names.has(name))
      throw new TqError(
        'INVALID_OPTION',
        `createDashboard: unknown option '${name}'. Known: ${[...names].join(', ')}.`,
      )
  }
  const { auth, payloads = 'redacted', environment } = options
  checkAuth(auth)
  if (payloads !== 'redacted' && payloads !== 'hidden')
    throw new TqError('INVALID_OPTION', `payloads '${String(payloads)}' is not one of 'redacted', 'hidden'.`)
  if (environment && !['neutral', 'warning', 'danger', undefined].includes(environment.tone))
    throw new TqError('INVALID_OPTION', `environment.tone is 'neutral', 'warning' or 'danger'.`)
  if (!auth && process.env['NODE_ENV'] === 'production') {
    throw new TqError(
      'INVALID_OPTION',
      `The dashboard has no authentication, and NODE_ENV is production. ${howToAuthenticate}`,
    )
  }
  return options
}

export const howToAuthenticate =
  'Pass createDashboard(app, { auth: { tokens: [{ token }] } }), or { auth: { authorize: (request) => … } }; for tq dashboard set TQ_DASHBOARD_TOKEN="$(openssl rand -hex 24)".'
