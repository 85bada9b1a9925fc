import type { Database } from '../database.ts'
import type { Transaction } from '../transaction.ts'

const own = 'SELECT token FROM tq_places WHERE namespace = ? AND key = ? AND holder = ? AND expires > ?'
const taken = 'SELECT count(*) AS taken FROM tq_places WHERE namespace = ? AND key = ? AND expires > ?'
const store = `INSERT INTO tq_places (namespace, key, holder, token, expires) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (namespace, key, holder) DO UPDATE SET token = excluded.token, expires = excluded.expires`
const keep = 'UPDATE tq_places SET expires = ? WHERE namespace = ? AND key = ? AND holder = ? AND expires > ?'
const leave = 'DELETE FROM tq_places WHERE namespace = ? AND key = ? AND holder = ? AND expires > ?'
const all = 'SELECT holder FROM tq_places WHERE namespace = ? AND key = ? AND expires > ? ORDER BY token'

/** A place and its fencing number; undefined when all are taken. */
export function acquirePlace(
  transaction: Transaction,
  namespace: number,
  key: string,
  holder: string,
  options: { readonly limit: number; readonly ttlMs: number },
): number | undefined {
  const { now, time } = transaction
  const token = transaction.get<{ token: number }>(own, namespace, key, holder, now)?.token
  if (token !== undefined) {
    renewPlace(transaction, namespace, key, holder, options.ttlMs)
    return token
  }
  const count = transaction.get<{ taken: number }>(taken, namespace, key, now)?.taken ?? 0
  if (count >= options.limit) return undefined
  // From one sequence for all keys, so that it rises also after everybody had left.
  const fresh = transaction.nextNumber()
  transaction.run(store, namespace, key, holder, fresh, time.after(options.ttlMs, now))
  return fresh
}

export function renewPlace(
  transaction: Transaction,
  namespace: number,
  key: string,
  holder: string,
  ttlMs: number,
): boolean {
  const { now, time } = transaction
  return transaction.run(keep, time.after(ttlMs, now), namespace, key, holder, now) === 1
}

export function releasePlace(
  transaction: Transaction,
  namespace: number,
  key: string,
  holder: string,
): boolean {
  return transaction.run(leave, namespace, key, holder, transaction.now) === 1
}

export function holdersOf(
  database: Database,
  now: number,
  namespace: number,
  key: string,
): readonly string[] {
  return database.all<{ holder: string }>(all, namespace, key, now).map(({ holder }) => holder)
}
