import { FailedLogins } from './failed-logins.ts'
import { isLoopback, withoutPort } from './loopback.ts'
import type { DashboardAuth, Grant } from './options.ts'
import { Refusal } from './refusal.ts'
import { includes, isRole, type Role, type Visitor } from './roles.ts'
import { hostHeader, isSameOrigin } from './same-origin.ts'
import { isSame } from './secrets.ts'

/** A request, and what only its server knows of it. */
export interface Arrival {
  readonly request: Request
  readonly raw: unknown
  /** The other end of the connection, where the server tells. */
  readonly address: string | undefined
}

interface Credentials {
  readonly scheme: 'basic' | 'bearer'
  readonly name: string
  readonly secret: string
}

const howToLogIn = { 'www-authenticate': 'Basic realm="tq", charset="UTF-8"' }

/** One door for page, API and live updates. */
export class Guard {
  readonly #auth: DashboardAuth | undefined
  readonly #hosts: ReadonlySet<string> | undefined
  readonly #most: Role
  readonly #failed = new FailedLogins()

  constructor(options: {
    readonly auth: DashboardAuth | undefined
    readonly hosts: readonly string[] | undefined
    readonly readOnly: boolean
  }) {
    this.#auth = options.auth
    this.#hosts = options.hosts && new Set(options.hosts.map((host) => host.toLowerCase()))
    this.#most = options.readOnly ? 'view' : 'admin'
  }

  /** Who it is. @throws Refusal */
  async admit(arrival: Arrival): Promise<Visitor> {
    this.#checkHost(arrival)
    const visitor = await this.#visitor(arrival)
    return includes(visitor.role, this.#most) ? { ...visitor, role: this.#most } : visitor
  }

  /** Before anything is changed. @throws Refusal */
  checkWrite({ request }: Arrival): void {
    if (!isSameOrigin(request, credentialsOf(request)?.scheme === 'bearer')) {
      throw new Refusal(403, 'CROSS_SITE', 'Another site, or no site, sent this request.', {
        fix: 'Scripts: send a bearer token (Authorization: Bearer …). Behind a proxy: let it pass Host and Origin on.',
      })
    }
    const [type = ''] = (request.headers.get('content-type') ?? '').split(';')
    if (type.trim().toLowerCase() !== 'application/json')
      throw new Refusal(415, 'NOT_JSON', 'The request has to be of content type application/json.')
  }

  /** A page of another name that leads to this address (DNS rebinding) gets nothing. */
  #checkHost({ request, address }: Arrival): void {
    const host = hostHeader(request)
    if (this.#hosts) {
      if (this.#hosts.has(host) || this.#hosts.has(withoutPort(host))) return
      throw new Refusal(403, 'WRONG_HOST', `'${host}' is not one of the hosts this dashboard answers for.`, {
        fix: 'Add it: --allow-host, or createDashboard(app, { hosts: […] }).',
      })
    }
    if (this.#auth) return
    const forwarded = request.headers.has('forwarded') || request.headers.has('x-forwarded-for')
    const near = isLoopback(withoutPort(host)) && (address === undefined || isLoopback(address))
    if (near && !forwarded) return
    throw new Refusal(
      403,
      'NOT_LOCAL',
      'Without authentication this dashboard answers on this machine only.',
      {
        fix: 'Set TQ_DASHBOARD_TOKEN (openssl rand -hex 24), or createDashboard(app, { auth: { … } }).',
      },
    )
  }

  async #visitor(arrival: Arrival): Promise<Visitor> {
    const auth = this.#auth
    if (!auth) return { name: 'local user', role: 'admin' }
    const { request, raw, address = 'unknown' } = arrival
    const granted = toVisitor(await auth.authorize?.(request, raw))
    if (granted) return granted
    const credentials = credentialsOf(request)
    if (credentials) {
      const waitSeconds = this.#failed.waitOf(address)
      if (waitSeconds > 0) {
        throw new Refusal(429, 'TOO_MANY_LOGINS', `Too many failed logins. Wait ${waitSeconds} s.`, {
          headers: { 'retry-after': String(waitSeconds) },
        })
      }
      const known = knownBy(auth, credentials)
      if (known) {
        this.#failed.forget(address)
        return known
      }
      this.#failed.add(address)
    }
    const canLogIn = (auth.users?.length ?? 0) + (auth.tokens?.length ?? 0) > 0
    // With the host application's own sessions alone there is nothing to type in here.
    if (!canLogIn) throw new Refusal(403, 'NOT_ALLOWED', 'You may not use this dashboard.')
    throw new Refusal(401, 'LOGIN', 'Log in with your name and password, or any name and your token.', {
      headers: howToLogIn,
    })
  }
}

function toVisitor(grant: Grant): Visitor | undefined {
  if (isRole(grant)) return { name: 'user of the application', role: grant }
  if (typeof grant !== 'object' || grant === null || !isRole(grant.role)) return undefined
  return { name: grant.name ?? 'user of the application', role: grant.role }
}

/** Looks at all of them, so that the time tells nothing. */
function knownBy({ users = [], tokens = [] }: DashboardAuth, given: Credentials): Visitor | undefined {
  let found: Visitor | undefined
  for (const { token, name = 'token', role = 'admin' } of tokens)
    if (isSame(given.secret, token)) found = { name, role }
  for (const { name, password, role = 'admin' } of users) {
    const both = [isSame(given.name, name), isSame(given.secret, password), given.scheme === 'basic']
    if (!both.includes(false)) found = { name, role }
  }
  return found
}

function credentialsOf({ headers }: Request): Credentials | undefined {
  const [, scheme = '', value = ''] =
    /^(basic|bearer) +(\S+)$/i.exec(headers.get('authorization') ?? '') ?? []
  if (scheme.toLowerCase() === 'bearer') return { scheme: 'bearer', name: '', secret: value }
  if (scheme === '') return undefined
  const text = Buffer.from(value, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0
    ? undefined
    : { scheme: 'basic', name: text.slice(0, colon), secret: text.slice(colon + 1) }
}
