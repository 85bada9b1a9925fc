import { TqError } from '@tq/core'
import { isRole, type Role } from './roles.ts'

/** Somebody who logs in with name and password (HTTP basic). */
export interface DashboardUser {
  readonly name: string
  readonly password: string
  /** @default 'admin' */
  readonly role?: Role
}

/** A bearer token. In a browser: any name, and the token as the password. */
export interface DashboardToken {
  readonly token: string
  /** Who uses it, for the audit log. @default 'token' */
  readonly name?: string
  /** @default 'admin' */
  readonly role?: Role
}

/** What `authorize` lets somebody do; a role alone where there is no name to tell. Anything else: not let in. */
export type Grant = Role | { readonly role: Role; readonly name?: string } | false | undefined

/** Who may use the dashboard. Without it: whoever is on this machine, outside production only. */
export interface DashboardAuth {
  readonly users?: readonly DashboardUser[]
  readonly tokens?: readonly DashboardToken[]
  /**
   * The host application's own session decides.
   *
   * @param raw The server's own request, with what the application has put on it: Express's and Node's request, Fastify's,
   *   or what `app.mount` of Hono passed.
   * @example authorize: (_, raw) => (raw as express.Request).user?.isAdmin ? 'admin' : false
   */
  authorize?(request: Request, raw: unknown): Grant | Promise<Grant>
}

/** @throws TqError `INVALID_OPTION` */
export function checkAuth(auth: DashboardAuth | undefined): DashboardAuth | undefined {
  if (auth === undefined) return undefined
  const { users = [], tokens = [], authorize } = auth
  for (const { name, password, role } of users) {
    if (!name || name.includes(':')) throw invalid(`auth.users: '${name}' is not a name; it has no ':'.`)
    if (!password) throw invalid(`auth.users: '${name}' has no password.`)
    checkRole(role, `auth.users: '${name}'`)
  }
  for (const { token, role } of tokens) {
    if (typeof token !== 'string' || token.length < 16)
      throw invalid('auth.tokens: a token has to have 16 characters at least. Make one: openssl rand -hex 24')
    checkRole(role, 'auth.tokens')
  }
  if (users.length === 0 && tokens.length === 0 && !authorize)
    throw invalid('auth lets nobody in: name users, tokens, or authorize(request).')
  return auth
}

function checkRole(role: unknown, what: string): void {
  if (role !== undefined && !isRole(role))
    throw invalid(`${what}: role '${String(role)}' is not one of 'view', 'operate', 'admin'.`)
}

function invalid(message: string): TqError {
  return new TqError('INVALID_OPTION', message)
}
