import { duration, queueName } from './checks.ts'
import { connectionFlags } from './common-flags.ts'
import type { Flags } from './flag.ts'

/** Which workers are meant. */
export const toFlag = {
  to: {
    type: 'string',
    description: 'Only these workers, by name or id (all)',
    valueHint: 'name',
    env: 'TQ_TO',
    multiple: true,
  },
} as const satisfies Flags

export const lastFlag = {
  last: {
    type: 'string',
    description: 'How far back (1h)',
    valueHint: 'duration',
    check: duration,
    env: 'TQ_LAST',
  },
} as const satisfies Flags

export const limitFlag = {
  limit: { type: 'string', description: 'At most so many (100)', valueHint: 'n', env: 'TQ_LIMIT' },
} as const satisfies Flags

/** Who does it, for the audit log. */
export const actingFlags = {
  by: { type: 'string', description: 'Who does it (user@host)', valueHint: 'name', env: 'TQ_BY' },
  ...connectionFlags,
} as const satisfies Flags

export const queueArgument = {
  queue: { type: 'positional', description: 'Name of the queue', required: true, check: queueName },
} as const satisfies Flags
