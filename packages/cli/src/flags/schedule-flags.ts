import { connectionFlags } from './common-flags.ts'
import type { Flags } from './flag.ts'

const app = {
  ...connectionFlags.app,
  description: 'Task file: its schedules count too, where no beat has kept them yet',
} as const

export const scheduleListFlags = {
  next: {
    type: 'string',
    description: 'How many coming ticks to tell (5)',
    valueHint: 'n',
    env: 'TQ_NEXT',
  },
  ...connectionFlags,
  app,
} as const satisfies Flags

/** A command about one schedule. */
export const oneScheduleFlags = {
  name: { type: 'positional', description: 'Name of the schedule', required: true },
  ...connectionFlags,
  app,
} as const satisfies Flags
