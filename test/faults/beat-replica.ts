import { createBeat } from '@tq/beat'
import { createApp, every, type Logger } from '@tq/core'
import { systemClock } from '@tq/core/driver'
import { redis } from '@tq/redis'
import { sqlite } from '@tq/sqlite'

// One replica: a process of its own, with a clock that may be set wrongly.
const {
  BEAT_OFFSET_MS = '0',
  BEAT_EVERY_MS = '100',
  BEAT_SCHEDULES = '1',
  BEAT_LEASE_MS = '1000',
} = process.env

const offset = Number(BEAT_OFFSET_MS)
/** Tells the test who leads. */
const logger: Logger = {
  debug: () => {},
  info: (message) => {
    if (message.includes('leads')) process.send?.({ leads: message === 'beat: leads' })
  },
  warn: () => {},
  error: (message, fields) => console.error(message, fields),
}

const app = createApp({
  adapters: [redis(), sqlite()],
  clock: { ...systemClock, now: () => systemClock.now() + offset },
  logger,
})
const task = app.task({ name: 'tick', run: () => {} })
for (let number = 0; number < Number(BEAT_SCHEDULES); number++) {
  app.schedule(`schedule-${number}`, every(Number(BEAT_EVERY_MS)), task.s(), { missed: 'all' })
}

const beat = createBeat(app, { lease: Number(BEAT_LEASE_MS) })
await beat.start()
process.send?.({ ready: true })
process.once('SIGTERM', async () => {
  await beat.stop()
  await app.close()
  process.exit(0)
})
