import type { Settled } from '@tq/core'
import type { Outcome } from './tasks.ts'

/** What the night's last task says of all others. */
export interface NightReport {
  readonly succeeded: number
  /** How many failed, by the error's code, or its name. */
  readonly failed: Readonly<Record<string, number>>
  readonly byTask: Readonly<Record<string, number>>
  /** Succeeded, and not at the first attempt. */
  readonly retried: number
  /** The middle of the instants at which tasks of a priority ended, in milliseconds since 1970. */
  readonly medianEnd: Readonly<Record<string, number>>
}

export function summarise(accounts: readonly Settled<Outcome>[]): NightReport {
  const byTask: Record<string, number> = {}
  const failed: Record<string, number> = {}
  const ends: Record<string, number[]> = {}
  let succeeded = 0
  let retried = 0
  for (const account of accounts) {
    if (account.status === 'rejected') {
      const { code, name } = account.reason
      failed[code ?? name] = (failed[code ?? name] ?? 0) + 1
      continue
    }
    const { task, priority, attempts, endedAt } = account.value
    succeeded++
    byTask[task] = (byTask[task] ?? 0) + 1
    if (attempts > 1) retried++
    // Only these: the others wait for limits as well.
    if (task === 'settle') {
      ends[priority] ??= []
      ends[priority].push(endedAt)
    }
  }
  const medianEnd = Object.fromEntries(
    Object.entries(ends).map(([priority, instants]) => [priority, median(instants)]),
  )
  return { succeeded, failed, byTask, retried, medianEnd }
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0
}
