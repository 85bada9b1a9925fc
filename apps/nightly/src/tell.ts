import { expected } from './plan.ts'
import type { NightReport } from './summary.ts'

/** Prints the summary; the last line is for machines. Returns whether the night went as planned. */
export function tellNight(accounts: number, report: NightReport, started: number): boolean {
  const plan = expected(accounts)
  const seconds = (Date.now() - started) / 1000
  const failed = Object.values(report.failed).reduce((sum, count) => sum + count, 0)
  const line = (name: string, count: number | undefined, note = '') =>
    console.log(`  ${name.padEnd(12)} ${String(count ?? 0).padStart(7)}${note && `   ${note}`}`)

  const speed = `${Math.round(accounts / seconds)} a second, with the start of the workers`
  console.log(`\n${accounts} tasks in ${seconds.toFixed(1)} s: ${speed}`)
  line('settled', report.byTask['settle'], `${report.retried} of them at the second attempt`)
  line('rates', report.byTask['fetch'], 'asked for within the rate limit')
  line('statements', report.byTask['print'], `${failed} more were stopped at their time limit`)
  const waits = Object.entries(report.medianEnd)
    .sort(([a], [b]) => Number(b) - Number(a))
    .map(([priority, end]) => `${priority}: ${((end - started) / 1000).toFixed(1)} s`)
  console.log(`  half of those with priority … were done after   ${waits.join('   ')}`)

  const asPlanned =
    report.succeeded === accounts - plan.endless &&
    report.failed['TIME_LIMIT_EXCEEDED'] === (plan.endless || undefined) &&
    failed === plan.endless &&
    report.byTask['settle'] === plan.settle &&
    report.byTask['fetch'] === (plan.fetch || undefined) &&
    report.byTask['print'] === (plan.print || undefined) &&
    report.retried === plan.retried
  if (!asPlanned) console.log(`planned was ${JSON.stringify(plan)}, reported is ${JSON.stringify(report)}`)
  console.log(
    `\nnightly: ${accounts} sent, ${report.succeeded} succeeded, ${failed} stopped, ${plan.endless} planned to be`,
  )
  return asPlanned
}
