import {
  type BeatHost,
  type BeatServices,
  type Kept,
  type Logger,
  type ScheduleEntry,
  type ScheduleProgress,
  type SentTick,
  tickId,
} from '@tq/core'
import { isTerminal } from '@tq/core/driver'
import type { CommonTime } from './common-time.ts'
import { decide } from './decide.ts'
import { jitterOf } from './jitter.ts'
import type { Leadership } from './leadership.ts'
import type { Timetable } from './timetable.ts'

/** So many schedules, or ids, are worked on at once. */
const atOnce = 200

/** What became of sending one tick: sent, refused for good, or to be tried again. */
type Sending = SentTick | 'again'

/**
 * Sends what is due. First it writes down which ticks are to be sent, against the version it has read: of two leaders one
 * gets that far. Then it sends them, each under its own id, and writes down that it has: whoever takes over in between
 * sends the same ids again, which changes nothing.
 */
export class Ticker {
  readonly #host: BeatHost
  readonly #services: BeatServices
  readonly #timetable: Timetable
  readonly #time: CommonTime
  readonly #leadership: Leadership
  readonly #logger: Logger

  constructor(
    host: BeatHost,
    services: BeatServices,
    timetable: Timetable,
    time: CommonTime,
    leadership: Leadership,
    logger: Logger,
  ) {
    this.#host = host
    this.#services = services
    this.#timetable = timetable
    this.#time = time
    this.#leadership = leadership
    this.#logger = logger
  }

  /** One look at all schedules. Rejects when the services do not answer; repeating it is safe. */
  async round(): Promise<void> {
    const now = this.#time.now()
    const due = this.#timetable.dueAt(now)
    const running = await this.#runningOf(due)
    for (let from = 0; from < due.length; from += atOnce) {
      const outcomes = await Promise.allSettled(
        due.slice(from, from + atOnce).map((entry) => this.#advance(entry, now, running)),
      )
      const failed = outcomes.find((outcome) => outcome.status === 'rejected')
      if (failed) throw failed.reason
    }
  }

  async #advance(entry: ScheduleEntry, now: number, running: ReadonlySet<string>): Promise<void> {
    const { value: schedule } = entry.schedule
    const isRunning = running.has(schedule.name)
    const decided = decide(schedule, entry.progress?.value, now, isRunning)
    const known = decided ? await this.#write(entry, decided) : entry.progress
    if (!known) return
    const { waiting } = known.value
    const ordered = schedule.rules.overlap === 'queue'
    const toSend = ordered ? (isRunning ? [] : waiting.slice(0, 1)) : waiting
    if (toSend.length === 0) return
    const sendings = await Promise.all(toSend.map((tick) => this.#send(entry, tick)))
    const concluded = sendings.filter((sending) => sending !== 'again')
    if (concluded.length === 0) return
    const refused = concluded.filter(({ error }) => error !== undefined).length
    const left = waiting.filter((tick) => !concluded.some((sent) => sent.tick === tick))
    await this.#write(
      { ...entry, progress: known },
      {
        waiting: left,
        dropped: known.value.dropped + refused,
        last: concluded.at(-1) as SentTick,
      },
    )
  }

  /** Compare and set. Undefined when somebody else has written: the schedules are read again. */
  async #write(
    entry: ScheduleEntry,
    change: Partial<ScheduleProgress>,
  ): Promise<Kept<ScheduleProgress> | undefined> {
    const { term } = this.#leadership
    const before = entry.progress?.value
    if (term === undefined || (before && before.term > term)) {
      this.#leadership.lose()
      return undefined
    }
    const { name, since } = entry.schedule.value
    const none = { decided: since, waiting: [], dropped: 0 }
    const progress: ScheduleProgress = { ...none, ...before, ...change, v: 1, term }
    const kept = await this.#services.book.advance(name, progress, entry.progress)
    if (kept) this.#timetable.put({ ...entry, progress: kept })
    // Another leader is at work, or the schedule was removed and made again: what is known here is old.
    else this.#timetable.stale = true
    return kept
  }

  async #send({ schedule: { value } }: ScheduleEntry, tick: number): Promise<Sending> {
    const { name, rules } = value
    const id = tickId(name, tick)
    // It was stopped for a while, and somebody else leads now.
    if (this.#leadership.term === undefined) return 'again'
    try {
      await this.#host.send(value, id, jitterOf(id, rules.jitterMs))
      this.#logger.debug('beat: sent', { schedule: name, id })
      return { tick, id, sentAt: this.#time.now() }
    } catch (error) {
      // Errors of tq know; of any other nothing is known. Not by `instanceof`: there may be two copies of core.
      const mayHelp = (error as { readonly retryable?: boolean }).retryable !== false
      const fields = { schedule: name, id, error: String(error) }
      if (mayHelp) {
        this.#logger.warn('beat: could not send; trying again', fields)
        return 'again'
      }
      this.#logger.error('beat: could not send, and never will', fields)
      return { tick, id, sentAt: this.#time.now(), error: String(error) }
    }
  }

  /** The names of those whose last tick must end before the next one, and has not. */
  async #runningOf(due: readonly ScheduleEntry[]): Promise<ReadonlySet<string>> {
    const running = new Set<string>()
    const asked = due.flatMap(({ schedule: { value }, progress }) => {
      const last = progress?.value.last
      if (value.rules.overlap === 'allow' || !last || last.error !== undefined) return []
      return [{ name: value.name, id: last.id }]
    })
    for (let from = 0; from < asked.length; from += atOnce) {
      const part = asked.slice(from, from + atOnce)
      const records = (await this.#services.results?.get(part.map(({ id }) => id))) ?? []
      for (const [at, { name }] of part.entries()) {
        const record = records[at]
        // One that is known no more has ended.
        if (record && !isTerminal(record.state)) running.add(name)
      }
    }
    return running
  }
}
