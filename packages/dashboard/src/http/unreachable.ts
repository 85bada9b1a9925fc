import { type App, appBrand, TqError } from '@tq/core'
import { Refusal } from '../access/refusal.ts'
import { BadRequest, NotFound, TooSlow } from './problem.ts'

/**
 * What a driver's client library throws while its service is away is that library's own: the driver says what it means,
 * and we what to do. Anything else comes back as it is.
 */
export async function explainOutage<E>(app: App<unknown>, error: E): Promise<E | TqError> {
  const isOurs = [TqError, Refusal, TooSlow, NotFound, BadRequest].some((known) => error instanceof known)
  if (isOurs) return error
  const connection = await app[appBrand].runtime.connect().catch(() => undefined)
  if (!connection) return error
  const { broker, backend } = connection
  const away = (name: string, code: 'BROKER_UNREACHABLE' | 'BACKEND_UNREACHABLE') =>
    new TqError(code, `${name} does not answer: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  if (broker.classify(error) === 'connection') return away(broker.name, 'BROKER_UNREACHABLE')
  if (backend?.classify(error) === 'connection') return away(backend.name, 'BACKEND_UNREACHABLE')
  return error
}
