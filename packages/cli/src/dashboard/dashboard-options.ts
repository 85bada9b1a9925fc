import type { DashboardEnvironment, DashboardUser, ListenOptions, Role } from '@tq/dashboard'
import { port } from '../flags/convert.ts'
import { usageError } from '../output/command-error.ts'
import type { DashboardValues } from './dashboard-flags.ts'

/** @throws CommandError when a user, port or label is not one */
export function dashboardOptions(values: DashboardValues): ListenOptions {
  const { host, token, environment } = values
  const number = port(values.port, 'port')
  const users = values.user.map(toUser)
  const tokens = token === undefined ? [] : [{ token }]
  const hosts = values['allow-host']
  return {
    ...(number === undefined ? {} : { port: number }),
    ...(host === undefined ? {} : { host }),
    ...(users.length + tokens.length > 0 ? { auth: { users, tokens } } : {}),
    ...(hosts.length > 0 ? { hosts } : {}),
    ...(environment === undefined ? {} : { environment: toEnvironment(environment) }),
    readOnly: values['read-only'],
    payloads: values['hide-payloads'] ? 'hidden' : 'redacted',
  }
}

const roles: ReadonlySet<string> = new Set<Role>(['view', 'operate', 'admin'])

/** A password may hold colons: only a role at the end is one. */
function toUser(text: string): DashboardUser {
  const [name = '', ...rest] = text.split(':')
  const last = rest.at(-1) ?? ''
  const role = rest.length > 1 && roles.has(last) ? (last as Role) : undefined
  const password = (role ? rest.slice(0, -1) : rest).join(':')
  // Never the text itself: it may be a password.
  if (name === '' || password === '')
    throw usageError("--user: write name:password, or name:password:role with 'view', 'operate' or 'admin'.")
  return { name, password, ...(role ? { role } : {}) }
}

const tones: ReadonlySet<string> = new Set(['neutral', 'warning', 'danger'])

function toEnvironment(text: string): DashboardEnvironment {
  const [label = '', tone] = text.split(':')
  if (tone === undefined) return { label }
  if (tones.has(tone)) return { label, tone: tone as NonNullable<DashboardEnvironment['tone']> }
  throw usageError(`--environment '${text}': after the colon comes neutral, warning or danger.`)
}
