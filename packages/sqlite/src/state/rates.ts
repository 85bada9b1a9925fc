import type { Millis } from '@tq/core/driver'
import type { Transaction } from '../transaction.ts'

const find = 'SELECT tokens, updated FROM tq_rates WHERE namespace = ? AND key = ? AND expires > ?'
const store = `INSERT INTO tq_rates (namespace, key, tokens, updated, expires) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (namespace, key) DO UPDATE SET tokens = excluded.tokens, updated = excluded.updated,
    expires = excluded.expires`

export interface TakeOptions {
  readonly limit: number
  readonly windowMs: Millis
  readonly cost: number
  readonly reserve?: boolean
}

/** Takes tokens of a bucket, or says how long until there will be enough. */
export function takeTokens(
  transaction: Transaction,
  namespace: number,
  key: string,
  options: TakeOptions,
): Millis {
  const { now, time } = transaction
  const { limit, windowMs, cost, reserve = false } = options
  const perMs = limit / windowMs
  const known = transaction.get<{ tokens: number; updated: number }>(find, namespace, key, now)
  // A clock that was set back refills nothing, and takes nothing away.
  const passed = known ? Math.max(0, now - known.updated) : 0
  const tokens = known ? Math.min(limit, known.tokens + passed * perMs) : limit
  const enough = tokens >= cost
  if (enough || reserve) {
    // When it is full again, whatever was in it, nothing has to be remembered any longer.
    const fullAfterMs = windowMs + Math.max(0, cost - tokens) / perMs
    transaction.run(store, namespace, key, tokens - cost, now, time.after(fullAfterMs, now))
  }
  return enough ? 0 : Math.max(1, Math.ceil((cost - tokens) / perMs))
}
