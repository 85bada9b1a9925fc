import type { Priority } from '@tq/core/driver'

/** Priorities that share a queue of SQS. */
export interface Band {
  readonly name: 'high' | 'normal' | 'low' | 'all'
  /** The lowest priority in it. */
  readonly from: Priority
}

const three: readonly Band[] = [
  { name: 'high', from: 7 },
  { name: 'normal', from: 4 },
  { name: 'low', from: 0 },
]
const one: readonly Band[] = [{ name: 'all', from: 0 }]

/** The highest first. */
export function bandsFor(levels: 1 | 3): readonly Band[] {
  return levels === 3 ? three : one
}

/** Which of the bands a priority belongs to, by its place. */
export function bandOf(bands: readonly Band[], priority: Priority = 4): number {
  return bands.findIndex(({ from }) => priority >= from)
}
