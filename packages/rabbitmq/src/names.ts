import type { Priority } from '@tq/core/driver'

/** What comes after the name of a queue in the name of the AMQP queue that carries a part of it. */
export const bandNames = ['high', 'normal', 'low'] as const
export type BandName = (typeof bandNames)[number]

/** 7 … 9, 4 … 6 with the default 4, 0 … 3. */
export function bandOf(priority: Priority): BandName {
  if (priority >= 7) return 'high'
  return priority >= 4 ? 'normal' : 'low'
}

/** The AMQP queues of one of ours. Distinct namespaces and names give distinct queues. */
export interface QueueNames {
  /** By band; all the same for dead letters, where a priority means nothing. */
  readonly bands: Readonly<Record<BandName, string>>
  /** Where a message goes that lost its lease twice. Undefined for dead letters. */
  readonly suspects: string | undefined
  /** Where the server puts what was returned too often. Undefined for dead letters themselves. */
  readonly dead: string | undefined
  /** All there are, the first to serve first. */
  readonly all: readonly string[]
}

/** Core's name for the dead letters of a queue ends so. */
const deadSuffix = '.dead'

/** A namespace contains no dot, and what follows the queue's name is always there: no two names meet. */
export function queueNames(namespace: string, queue: string): QueueNames {
  const base = `tq.${namespace}.${queue}`
  if (queue.endsWith(deadSuffix)) {
    return {
      bands: { high: base, normal: base, low: base },
      suspects: undefined,
      dead: undefined,
      all: [base],
    }
  }
  const bands = { high: `${base}.high`, normal: `${base}.normal`, low: `${base}.low` }
  const suspects = `${base}.suspect`
  const all = [bands.high, bands.normal, suspects, bands.low]
  return { bands, suspects, dead: `${base}${deadSuffix}`, all }
}
