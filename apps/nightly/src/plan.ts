import type { Priority } from '@tq/core'

// What happens tonight, all of it known beforehand: so the report can be checked to the last task.

const everyNth = { rate: 100, statement: 500, urgent: 10, bulk: 3, unlucky: 97 }

export const nightPlan = {
  /** What the service for exchange rates allows. */
  callsPerSecond: 50,
  /** The library that prints statements never ends with these. */
  isEndless: (account: number): boolean => account % 2_000 === everyNth.statement - 1,
} as const

export type Work = 'settle' | 'fetch' | 'print'

/** What an account needs tonight. */
export function workOf(account: number): Work {
  if (account % everyNth.statement === everyNth.statement - 1) return 'print'
  return account % everyNth.rate === everyNth.rate - 1 ? 'fetch' : 'settle'
}

/** How urgent its customer is: 9, 4 or 1. */
export function priorityOf(account: number): Priority {
  if (account % everyNth.urgent === 0) return 9
  return account % everyNth.bulk === 0 ? 1 : 4
}

/** The ledger is busy when it is asked for this one first. */
export function isUnlucky(account: number): boolean {
  return account % everyNth.unlucky === 0
}

/** What the report has to say at the end of a night of so many accounts. */
export function expected(accounts: number) {
  const all = Array.from({ length: accounts }, (_, number) => number)
  const count = (fits: (account: number) => boolean) => all.filter(fits).length
  const endless = count((account) => workOf(account) === 'print' && nightPlan.isEndless(account))
  return {
    settle: count((account) => workOf(account) === 'settle'),
    fetch: count((account) => workOf(account) === 'fetch'),
    print: count((account) => workOf(account) === 'print') - endless,
    endless,
    retried: count((account) => workOf(account) === 'settle' && isUnlucky(account)),
  }
}
