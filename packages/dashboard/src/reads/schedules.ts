import type { ScheduleRow } from '../wire/records.ts'
import type { Read } from './read.ts'

/** All schedules with their last run and next ticks. */
export const schedules: Read = {
  everyMs: 3_000,
  async load({ app }): Promise<readonly ScheduleRow[]> {
    const all = await app.schedules.list({ next: 5 })
    return all.map(({ next, last, ...rest }) => ({
      ...rest,
      next: next.map((tick) => tick.getTime()),
      last: last
        ? {
            tick: last.tick.getTime(),
            id: last.id,
            sentAt: last.sentAt.getTime(),
            ...(last.state === undefined ? {} : { state: last.state }),
            ...(last.endedAt ? { endedAt: last.endedAt.getTime() } : {}),
            ...(last.error === undefined ? {} : { error: last.error }),
          }
        : null,
    }))
  },
}
