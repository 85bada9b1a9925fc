import { now } from './now.ts'

const longWaitMs = 300_000

/** Whether a task that waits since then waits longer than one likes. */
export function isLate(since: number | null | undefined): boolean {
  return since !== null && since !== undefined && now.value - since > longWaitMs
}
