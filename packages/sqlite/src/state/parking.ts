import type { DueItem, ParkedItem } from '@tq/core/driver'
import type { Transaction } from '../transaction.ts'

const store = `INSERT INTO tq_parked (namespace, lot, key, due, seen, value) VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT (namespace, lot, key) DO UPDATE SET due = excluded.due, seen = excluded.seen, value = excluded.value`
const select = `SELECT key, value, due FROM tq_parked
  WHERE namespace = ? AND lot = ? AND seen <= ? ORDER BY due, rowid LIMIT ?`
const hide = 'UPDATE tq_parked SET seen = ? WHERE namespace = ? AND lot = ? AND key = ?'
const remove = 'DELETE FROM tq_parked WHERE namespace = ? AND lot = ? AND key = ?'

export function parkItem(
  transaction: Transaction,
  namespace: number,
  lot: string,
  { key, value }: ParkedItem,
  delayMs: number,
): void {
  const { now, time } = transaction
  // A millisecond more, since `now` lost its fraction: never early.
  const due = delayMs > 0 ? time.after(delayMs, now) + 1 : now
  transaction.run(store, namespace, lot, key, due, due, value)
}

/** Up to `limit` that are due, hidden from others for a while. */
export function takeDue(
  transaction: Transaction,
  namespace: number,
  lot: string,
  options: { readonly limit: number; readonly leaseMs: number },
): readonly DueItem[] {
  const { now, time } = transaction
  const items = transaction.all<ParkedItem & { readonly due: number }>(
    select,
    namespace,
    lot,
    now,
    options.limit,
  )
  const until = time.after(options.leaseMs, now) + 1
  for (const { key } of items) transaction.run(hide, until, namespace, lot, key)
  return items.map(({ key, value, due }) => ({ key, value, overdueMs: now - due }))
}

export function unparkItems(
  transaction: Transaction,
  namespace: number,
  lot: string,
  keys: readonly string[],
): number {
  let removed = 0
  for (const key of keys) removed += transaction.run(remove, namespace, lot, key)
  return removed
}
