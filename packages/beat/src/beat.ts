import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { type AppInternals, appBrand, type Beat, type BeatOptions, declareEveryMs, TqError } from '@tq/core'
import { sleep } from '@tq/core/driver'
import { CodeDeclarations } from './code.ts'
import { CommonTime } from './common-time.ts'
import { Leadership } from './leadership.ts'
import { resolveBeatOptions } from './options.ts'
import { Ticker } from './ticker.ts'
import { Timetable } from './timetable.ts'

/** How often the store is asked for changes where it gives no hints, and for the end of what others wait for. */
const lookEveryMs = 1_000
/** After a failure of the services. */
const pauseMs = 1_000

/** What one period of beating works with. */
interface Parts {
  readonly leadership: Leadership
  readonly time: CommonTime
  readonly timetable: Timetable
  readonly ticker: Ticker
  readonly code: CodeDeclarations
  /** Rises with every change of any schedule. */
  version(): Promise<number | undefined>
  /** Undefined where the store gives no hints. */
  readonly unwatch: (() => void) | undefined
}

/**
 * Sends what is scheduled, as long as it runs.
 *
 * @throws TqError `INVALID_OPTION`, `INVALID_DURATION`
 * @example
 * const beat = createBeat(app)
 * await beat.start()
 * process.once('SIGTERM', () => beat.stop())
 */
export function createBeat(app: { readonly [appBrand]: AppInternals }, options: BeatOptions = {}): Beat {
  return new AppBeat(app[appBrand], options)
}

class AppBeat implements Beat {
  readonly #app: AppInternals
  readonly #ttlMs: number
  readonly #name: string
  readonly #process = randomUUID()
  readonly #stopping = new AbortController()
  #wake = new AbortController()
  #parts: Parts | undefined
  #running: Promise<void> = Promise.resolve()
  #started = false
  #leading = false
  #failing = false
  #declaredAt = Number.NEGATIVE_INFINITY
  #readAt = Number.NEGATIVE_INFINITY
  #readVersion: number | undefined

  constructor(app: AppInternals, options: BeatOptions) {
    const { leaseMs, name } = resolveBeatOptions(options, `${hostname()}:${process.pid}`)
    this.#app = app
    this.#ttlMs = leaseMs
    this.#name = name
  }

  async start(): Promise<void> {
    if (this.#started) throw new TqError('INVALID_OPTION', 'A beat can be started once; create another one.')
    this.#started = true
    const { beatHost, runtime } = this.#app
    const services = await beatHost.open()
    if (!services.results) {
      runtime.logger.warn(
        `beat: ${runtime.connected?.broker.name} has no backend, so this must be the only process that beats; what was due while it was away is not made up for. Set TQ_BACKEND_URL to run several.`,
      )
    }
    const { book } = services
    const { clock, logger } = runtime
    const leadership = new Leadership(services, clock, this.#process, this.#ttlMs)
    const time = new CommonTime(book, clock, logger)
    const timetable = new Timetable(book)
    const parts: Parts = {
      leadership,
      time,
      timetable,
      ticker: new Ticker(beatHost, services, timetable, time, leadership, logger),
      code: new CodeDeclarations(beatHost, book, this.#process),
      version: () => book.version(),
      unwatch: book.watch(() => this.#wake.abort()),
    }
    this.#parts = parts
    await this.#declare(parts)
    this.#running = this.#run(parts)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#wake.abort()
    await this.#running
    this.#parts?.unwatch?.()
    try {
      await this.#parts?.code.withdraw()
      await this.#parts?.leadership.release()
    } catch (error) {
      // Both end by themselves.
      this.#app.runtime.logger.warn('beat: the services do not answer; another one leads in a moment', {
        error: String(error),
      })
    }
  }

  async #run(parts: Parts): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      // Before looking: what changes while it looks must wake it.
      this.#wake = new AbortController()
      const pause = await this.#look(parts)
      if (!this.#stopping.signal.aborted) await sleep(this.#app.runtime.clock, pause, this.#wake.signal)
    }
  }

  /** Does what is to be done now. Returns for how long there is nothing more. */
  async #look(parts: Parts): Promise<number> {
    try {
      await this.#declare(parts)
      const leads = await parts.leadership.hold()
      this.#tellChange(leads, parts)
      if (!leads) return (this.#ttlMs / 5) * (0.75 + Math.random() / 2)
      await parts.time.read(this.#ttlMs / 3)
      await this.#readChanges(parts)
      await parts.ticker.round()
      this.#failing = false
      return this.#untilNext(parts)
    } catch (error) {
      const { logger } = this.#app.runtime
      if (!this.#failing) logger.warn('beat: interrupted; it goes on by itself', { error: String(error) })
      this.#failing = true
      // What was being written may have been: read it.
      parts.timetable.stale = true
      return pauseMs * (0.5 + Math.random() / 2)
    }
  }

  #untilNext({ leadership, timetable, time, unwatch }: Parts): number {
    // Lost on the way: it may be free at once, as when a schedule was made anew.
    if (leadership.term === undefined) return 100
    const { clock } = this.#app.runtime
    const untilTick = timetable.nextTick - time.now()
    const untilRenewal = leadership.renewAt - clock.monotonic()
    const untilLook = unwatch && !timetable.waiting ? untilRenewal : lookEveryMs
    return Math.max(1, Math.min(untilTick, untilRenewal, untilLook))
  }

  async #declare({ code }: Parts): Promise<void> {
    const now = this.#app.runtime.clock.monotonic()
    if (now - this.#declaredAt < declareEveryMs) return
    await code.tell()
    this.#declaredAt = now
  }

  /** Reads the schedules when one has changed, and now and then, to see which code has gone. */
  async #readChanges(parts: Parts): Promise<void> {
    const now = this.#app.runtime.clock.monotonic()
    const version = await parts.version()
    const fresh = now - this.#readAt < declareEveryMs && !parts.timetable.stale
    if (version === this.#readVersion && fresh) return
    await parts.timetable.refresh()
    this.#readVersion = version
    this.#readAt = now
  }

  #tellChange(leads: boolean, { leadership, timetable }: Parts): void {
    if (leads === this.#leading) return
    this.#leading = leads
    // What the one before has done is not known yet.
    timetable.stale = true
    const { logger } = this.#app.runtime
    if (leads) logger.info('beat: leads', { beat: this.#name, term: leadership.term })
    else logger.info('beat: another one leads', { beat: this.#name })
  }
}
