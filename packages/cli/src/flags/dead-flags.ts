import { connectionFlags, namedQueuesFlag } from './common-flags.ts'
import type { Flags } from './flag.ts'

const limit = {
  type: 'string',
  description: 'At most so many per queue',
  valueHint: 'n',
  env: 'TQ_LIMIT',
} as const

const queues = { ...namedQueuesFlag.queues, description: 'Queues whose dead letters are meant' } as const

export const deadListFlags = {
  queues,
  limit: { ...limit, description: 'At most so many per queue (100)' },
  ...connectionFlags,
} as const satisfies Flags

export const deadActionFlags = {
  queues,
  id: {
    type: 'string',
    description: 'Only these tasks; may be repeated',
    valueHint: 'id',
    env: 'TQ_ID',
    multiple: true,
  },
  limit: { ...limit, description: 'Look at no more than so many per queue (all)' },
  ...connectionFlags,
} as const satisfies Flags
