import { appFlag, connectionFlags } from './common-flags.ts'
import type { Flags } from './flag.ts'

const app = {
  ...appFlag.app,
  description: 'Task file: its schedules count too, where no beat has kept them yet',
} as const

export const scheduleListFlags = {
  app,
  next: {
    type: 'string',
    description: 'How many coming ticks to tell (5)',
    valueHint: 'n',
    env: 'TQ_NEXT',
  },
  ...connectionFlags,
} as const satisfies Flags

/** A command about one schedule. */
export const oneScheduleFlags = {
  name: { type: 'positional', description: 'Name of the schedule', required: true },
  app,
  ...connectionFlags,
} as const satisfies Flags
