import type { BeatModule } from '@tq/core'
import { createBeat } from './beat.ts'
import { nextTicks } from './ticks.ts'

export { createBeat, nextTicks }

/** What core looks for when an app has schedules: pass it to `createApp({ beat })` where a bundler hides the package. */
export const beat: BeatModule = { createBeat, nextTicks }
