import { createRequire } from 'node:module'
import { type App, appBrand } from '@tq/core'
import { Hono } from 'hono'
import type { Arrival, Guard } from './access/guard.ts'
import { Refusal } from './access/refusal.ts'
import { includes, type Visitor } from './access/roles.ts'
import type { BulkJobs } from './actions/bulk-jobs.ts'
import { actions } from './actions/catalog.ts'
import { readObject } from './http/body.ts'
import { hideCredentials } from './http/hide-credentials.ts'
import { NotFound, toProblem } from './http/problem.ts'
import { explainOutage } from './http/unreachable.ts'
import { eventStream } from './live/event-stream.ts'
import type { LiveReads } from './live/live-reads.ts'
import { cleared, type Reader, within } from './live/reader.ts'
import type { DashboardOptions } from './options.ts'
import { reads } from './reads/catalog.ts'
import type { Session } from './wire/common.ts'

/** What a request brings along besides itself. */
interface Bindings {
  readonly arrival: Arrival
}

export interface ApiParts {
  readonly app: App<unknown>
  readonly guard: Guard
  readonly reader: Reader
  readonly live: LiveReads
  readonly bulk: BulkJobs
  readonly options: DashboardOptions
}

/** An action waits for workers to answer: a heartbeat and a second, which is long on DynamoDB. */
const longestActionMs = 30_000

type Environment = { Bindings: Bindings; Variables: { visitor: Visitor } }

/** The JSON API: `GET api/<read>`, `GET api/live?get=…`, `POST api/do/<action>`. */
export function createApi({ app, guard, reader, live, bulk, options }: ApiParts): Hono<Environment> {
  const api = new Hono<Environment>()

  api.use(async (context, next) => {
    context.set('visitor', await guard.admit(context.env.arrival))
    await next()
  })

  api.get('/session', async (context) => {
    const session = await describeSession(app, options, context.get('visitor'))
    return json(JSON.stringify(session))
  })

  api.get('/live', (context) =>
    eventStream(live, context.req.queries('get') ?? [], context.env.arrival.request.signal),
  )

  for (const name of Object.keys(reads)) {
    api.get(`/${name}`, async (context) => {
      const { search } = new URL(context.req.url)
      const reading = await reader.read(`${name}${search}`)
      if ('json' in reading) return json(reading.json)
      return json(JSON.stringify(reading.problem), reading.status)
    })
  }

  for (const [name, action] of Object.entries(actions)) {
    api.post(`/do/${name}`, async (context) => {
      const { arrival } = context.env
      const visitor = context.get('visitor')
      guard.checkWrite(arrival)
      if (!includes(visitor.role, action.role)) throw mayNot(visitor, name, options)
      const body = await readObject(arrival.request)
      const done = await within(action.run({ app, bulk, visitor }, body), longestActionMs, name)
      live.hurry()
      return json(hideCredentials(JSON.stringify(done ?? {})))
    })
  }

  api.notFound(() => problemOf(new NotFound('There is nothing here.')))
  api.onError(async (thrown) => {
    const error = await explainOutage(app, thrown)
    if (toProblem(error).status === 500)
      app[appBrand].runtime.logger.error('dashboard: a request failed', {
        error: hideCredentials(String(error.stack)),
      })
    return problemOf(error)
  })
  return api
}

/** An answer that says what went wrong. */
export function problemOf(error: unknown): Response {
  const { status, problem } = toProblem(error)
  const response = json(JSON.stringify(cleared(problem)), status)
  if (error instanceof Refusal)
    for (const [name, value] of Object.entries(error.headers)) response.headers.set(name, value)
  return response
}

function json(text: string, status = 200): Response {
  return new Response(text, {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' },
  })
}

function mayNot({ name, role }: Visitor, action: string, { readOnly }: DashboardOptions): Refusal {
  const message = readOnly
    ? 'This dashboard is read-only.'
    : `'${name}' has the role '${role}', which may not do '${action}'.`
  return new Refusal(403, 'NOT_ALLOWED', message)
}

const { version } = createRequire(import.meta.url)('../package.json') as { readonly version: string }

/** Told also while broker or backend are down: then without their names. */
async function describeSession(
  app: App<unknown>,
  { environment }: DashboardOptions,
  visitor: Visitor,
): Promise<Session> {
  const connection = await within(app[appBrand].runtime.connect(), 1_000, 'connecting').catch(() => undefined)
  return {
    user: visitor.name,
    role: visitor.role,
    ...(environment
      ? { environment: { label: environment.label, tone: environment.tone ?? 'neutral' } }
      : {}),
    version,
    broker: connection?.broker.name ?? '',
    backend: connection?.backend?.name ?? null,
    changesQueued: connection ? connection.broker.admin?.change !== undefined : true,
  }
}
