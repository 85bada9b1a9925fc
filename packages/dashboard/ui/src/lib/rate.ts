import { count, duration } from './format.ts'

const units: readonly (readonly [ms: number, unit: string])[] = [
  [1_000, 's'],
  [60_000, 'm'],
  [3_600_000, 'h'],
  [86_400_000, 'd'],
]

/** `100/m`, or `5 in 30 s` where that is how it is counted. */
export function rateText({ limit, windowMs }: { readonly limit: number; readonly windowMs: number }): string {
  const unit = units.find(([ms]) => ms === windowMs)
  return unit ? `${limit}/${unit[1]}` : `${count(limit)} in ${duration(windowMs)}`
}

/** What is wrong with a rate that somebody typed; undefined where nothing is. */
export function rateProblem(text: string): string | undefined {
  if (!/^\d+\/[smhd]$/.test(text)) return 'A whole number per s, m, h or d, such as 100/m.'
  if (Number.parseInt(text, 10) === 0) return 'At least 1. To stop it altogether, pause its queue.'
  return undefined
}
