import { type App, chain, group } from '@tq/core'
import { priorityOf, workOf } from './plan.ts'
import { drawProgress } from './progress-bar.ts'
import type { NightReport } from './summary.ts'
import { type Account, fetchRate, printStatement, report, settle } from './tasks.ts'

const pollMs = 250
const tasks = { settle, fetch: fetchRate, print: printStatement } as const

/** Sends a night of so many accounts: all at once, then the report, as one workflow. Returns its id. */
export async function sendNight(accounts: number): Promise<string> {
  const all = Array.from({ length: accounts }, (_, number) => {
    const account: Account = { number, priority: priorityOf(number) }
    return tasks[workOf(number)].s(account).set({ priority: account.priority })
  })
  // A night in which one statement cannot be printed still has a report.
  const { id } = await chain(group(all, { failures: 'collect' }), report.s()).delay()
  return id
}

/** Draws a bar until the night is over, and returns what the report says. */
export async function followNight(app: App<undefined>, id: string): Promise<NightReport> {
  const night = app.workflow<NightReport>(id)
  for (;;) {
    const { done, total } = await night.progress()
    drawProgress(done, total)
    if (await night.ready()) return await night.get()
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
}
