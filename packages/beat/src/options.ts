import { type BeatOptions, TqError } from '@tq/core'
import { checkKnown, parseDuration } from '@tq/core/driver'

/** The same with every default filled in. */
export interface ResolvedBeatOptions {
  readonly leaseMs: number
  readonly name: string
}

const known: ReadonlySet<string> = new Set<string>(['lease', 'name'] satisfies (keyof BeatOptions)[])
/** Shorter ones would end during an ordinary pause of the process. */
const shortestMs = 500

/** @throws TqError `INVALID_OPTION`, `INVALID_DURATION` */
export function resolveBeatOptions(options: BeatOptions, defaultName: string): ResolvedBeatOptions {
  checkKnown(options, known, 'beat')
  const leaseMs = parseDuration(options.lease ?? '15s', 'beat: lease')
  if (leaseMs < shortestMs)
    throw new TqError('INVALID_OPTION', `beat: lease ${leaseMs} ms is shorter than ${shortestMs} ms.`)
  return { leaseMs, name: options.name ?? defaultName }
}
