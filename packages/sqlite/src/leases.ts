import { randomInt } from 'node:crypto'
import type { Lease, Millis } from '@tq/core/driver'
import type { Transaction } from './transaction.ts'
import { wholeMs } from './wall-time.ts'

/**
 * One life of a receiver: from its row in `tq_receivers` to the moment that row is taken away. Everything leased in
 * it is lost together.
 */
export interface Life {
  /** Random and never used twice: the fence. */
  readonly id: number
  /** Leases handed out and not settled yet. */
  held: number
}

/** A life that has not begun: its row comes with the first lease. */
export function newLife(): Life {
  return { id: randomInt(1, 2 ** 48 - 1), held: 0 }
}

/** What stands behind the opaque lease: a message, a receiver's life, and which of its deliveries this is. */
export interface HeldLease {
  readonly seq: number
  readonly life: Life
  readonly delivery: number
  /** Who may settle it. */
  readonly owner: object | undefined
  settled: boolean
}

export function toLease(held: HeldLease): Lease {
  return held as unknown as Lease
}

export function fromLease(lease: Lease): HeldLease {
  return lease as unknown as HeldLease
}

/** Whether the receiver's row is there: then all it holds is still leased. */
export function isAlive(transaction: Transaction, receiver: number): boolean {
  return transaction.get('SELECT 1 FROM tq_receivers WHERE id = ?', receiver) !== undefined
}

/** Starts or renews a receiver's lease. */
export function keepReceiver(
  transaction: Transaction,
  receiver: number,
  queue: number,
  leaseMs: Millis,
): void {
  const lease = wholeMs(leaseMs)
  transaction.run(
    `INSERT INTO tq_receivers (id, queue, deadline, lease) VALUES (?1, ?2, ?3, ?4)
      ON CONFLICT (id) DO UPDATE SET deadline = ?3`,
    receiver,
    queue,
    transaction.now + lease + 1,
    lease,
  )
}

/** Renews a lease that has not been taken away; false when it has. */
export const renewReceiver = 'UPDATE tq_receivers SET deadline = ? WHERE id = ?'

/** The first condition is for the index: it leaves out what is long over. */
const clampDeadlines = `UPDATE tq_receivers SET deadline = ?1 + lease
  WHERE deadline > ?1 + 5000 AND deadline > ?1 + lease + 5000`
const expired = `SELECT id, queue FROM tq_receivers AS r WHERE deadline <= ?1 AND lease <= ?2
  AND EXISTS (SELECT 1 FROM tq_messages WHERE queue = r.queue AND receiver = r.id) LIMIT 20`
const giveBack = `UPDATE tq_messages SET receiver = NULL, delivery = NULL, lost = lost + 1
  WHERE queue = ? AND receiver = ?`

/**
 * Ends the leases of receivers that did not renew in time: their messages go back where they were, and count one
 * lost lease. One that holds nothing has nothing to lose and is left alone.
 */
export function reclaimExpired(transaction: Transaction): void {
  if (!transaction.timeToReclaim()) return
  const { now, time } = transaction
  // The clock was set back: nobody waits longer for a dead receiver than its lease.
  transaction.run(clampDeadlines, now)
  for (const { id, queue } of transaction.all<{ id: number; queue: number }>(
    expired,
    now,
    time.sinceJump(),
  )) {
    transaction.run(giveBack, queue, id)
    transaction.run('DELETE FROM tq_receivers WHERE id = ?', id)
    transaction.touchQueue(queue)
  }
}

/** What a settle finds: the message, if it is still leased by exactly this lease. */
export const held = 'seq = ? AND receiver = ? AND delivery = ?'

/** Forgets a receiver that holds nothing. */
export const forgetReceiver = `DELETE FROM tq_receivers WHERE id = ?1
  AND NOT EXISTS (SELECT 1 FROM tq_messages WHERE queue = ?2 AND receiver = ?1)`
