import { hostname, userInfo } from 'node:os'
import type { StateStore } from '../contracts/backend.ts'
import type { Clock, Millis } from '../contracts/time.ts'

/** One thing that somebody did to queues, tasks or workers. */
export interface AuditEntry {
  /** In milliseconds since 1970. */
  readonly at: number
  /** Who: what the caller said, else user and host. */
  readonly by: string
  readonly action: string
  /** On what: a queue, a task's id, workers. */
  readonly target: string
  /** What came of it, in a few words or numbers. */
  readonly outcome?: string
}

/** One value per day, so that old ones leave by themselves; so many entries a day, the oldest go. */
const keptDays = 90
const mostPerDay = 500
const dayMs: Millis = 86_400_000

const keyOf = (day: number): string => `audit:${day}`

/** What was done, for 90 days: at most 500 entries a day. */
export class Audit {
  readonly #state: StateStore
  readonly #clock: Clock

  constructor(state: StateStore, clock: Clock) {
    this.#state = state
    this.#clock = clock
  }

  async add(entry: Omit<AuditEntry, 'at'>): Promise<void> {
    const at = this.#clock.now()
    const key = keyOf(Math.floor(at / dayMs))
    for (;;) {
      const [known] = await this.#state.get([key])
      const entries = known ? (JSON.parse(known.value) as AuditEntry[]) : []
      const value = JSON.stringify([...entries, { at, ...entry }].slice(-mostPerDay))
      const ttlMs = keptDays * dayMs
      const stored = await this.#state.put(key, value, {
        ttlMs,
        ...(known ? { ifVersion: known.version } : { ifAbsent: true }),
      })
      if (stored !== 'conflict') return
    }
  }

  /** The newest first. */
  async list(limit: number): Promise<readonly AuditEntry[]> {
    const today = Math.floor(this.#clock.now() / dayMs)
    // Clocks of others may be ahead.
    const days = Array.from({ length: keptDays + 1 }, (_, back) => today + 1 - back)
    const known = await this.#state.get(days.map(keyOf))
    return known
      .flatMap((day) => (day ? (JSON.parse(day.value) as AuditEntry[]).reverse() : []))
      .slice(0, limit)
  }
}

/** Who acts where nobody says. */
export function thisUser(): string {
  try {
    return `${userInfo().username}@${hostname()}`
  } catch {
    // A container's user need not have a name.
    return `${process.getuid?.() ?? 'somebody'}@${hostname()}`
  }
}
