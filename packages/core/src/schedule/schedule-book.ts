import type { StateStore, Unwatch } from '../contracts/backend.ts'
import type { Millis } from '../contracts/time.ts'
import type { Kept, ScheduleDefinition, ScheduleEntry, ScheduleProgress, StoredSchedule } from './schedule.ts'

/** Schedules do not end by themselves: ten years, the longest that every store keeps. */
const foreverMs: Millis = 10 * 365 * 86_400_000
/** A process that runs a beat says at least so often which schedules its code has. */
export const declareEveryMs: Millis = 20_000
const pageSize = 500

const names = 'schedules'
const declarers = 'schedule-declarers'
const changedKey = 'schedules-changed'
const scheduleKey = (name: string): string => `schedule:${name}`
const progressKey = (name: string): string => `schedule-progress:${name}`

/** The schedules of a state store. Every change is one compare-and-set, and is told to the beats. */
export class ScheduleBook {
  readonly #state: StateStore
  /** The time that all beats agree on. */
  readonly now: () => Promise<number>

  constructor(state: StateStore, now: () => Promise<number>) {
    this.#state = state
    this.now = now
  }

  /** Rises with every change of any schedule; undefined before the first. */
  async version(): Promise<number | undefined> {
    return (await this.#state.get([changedKey]))[0]?.version
  }

  /** A hint that something has changed; undefined where the store gives none. */
  watch(onHint: () => void): Unwatch | undefined {
    return this.#state.watch?.(changedKey, onHint)
  }

  /** All of them, by name. */
  async entries(): Promise<readonly ScheduleEntry[]> {
    const declared = await this.#declaredNames()
    const found: ScheduleEntry[] = []
    for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
      const page = await this.#state.page(names, {
        limit: pageSize,
        ...(cursor === undefined ? {} : { cursor }),
      })
      found.push(
        ...(await this.#read(
          page.members.map(({ member }) => member),
          declared,
        )),
      )
      cursor = page.next
    }
    return found.sort((a, b) => (a.schedule.value.name < b.schedule.value.name ? -1 : 1))
  }

  /** Those of these names that there are. */
  async entriesOf(scheduleNames: readonly string[]): Promise<readonly ScheduleEntry[]> {
    return await this.#read(scheduleNames, await this.#declaredNames())
  }

  async entry(name: string): Promise<ScheduleEntry | undefined> {
    return (await this.entriesOf([name]))[0]
  }

  /**
   * Makes a schedule, or changes it. Ticks before now do not count where it is new, begins to tick, or its times change.
   * Whether it is paused is kept.
   *
   * @returns false when somebody else changed it meanwhile: read it again
   */
  async define(
    definition: ScheduleDefinition,
    source: StoredSchedule['source'],
    known: Kept<StoredSchedule> | undefined,
  ): Promise<boolean> {
    const old = known?.value
    const since = old && ticksAsBefore(old, definition) ? old.since : await this.now()
    return await this.#write({ v: 1, ...definition, source, paused: old?.paused ?? false, since }, known)
  }

  /** @returns as {@link define} */
  async pause(known: Kept<StoredSchedule>, paused: boolean): Promise<boolean> {
    if (known.value.paused === paused) return true
    const since = paused ? known.value.since : await this.now()
    return await this.#write({ ...known.value, paused, since }, known)
  }

  async remove(name: string): Promise<boolean> {
    const gone = await this.#state.delete(scheduleKey(name))
    await this.#state.delete(progressKey(name))
    await this.#state.remove(names, name)
    await this.#tell()
    return gone
  }

  /** @returns the new version, or undefined when somebody else has written meanwhile */
  async advance(
    name: string,
    progress: ScheduleProgress,
    known: Kept<ScheduleProgress> | undefined,
  ): Promise<Kept<ScheduleProgress> | undefined> {
    const kept = await this.#state.put(progressKey(name), JSON.stringify(progress), {
      ttlMs: foreverMs,
      ...(known ? { ifVersion: known.version } : { ifAbsent: true }),
    })
    return kept === 'conflict' ? undefined : { value: progress, version: kept.version }
  }

  /** Says which schedules the code of a process has: for three times {@link declareEveryMs}, or until it withdraws. */
  async declare(process: string, scheduleNames: readonly string[]): Promise<void> {
    const ttlMs = 3 * declareEveryMs
    await this.#state.add(declarers, process, JSON.stringify(scheduleNames), { ttlMs })
  }

  async withdraw(process: string): Promise<void> {
    if (await this.#state.remove(declarers, process)) await this.#tell()
  }

  async #write(schedule: StoredSchedule, known: Kept<StoredSchedule> | undefined): Promise<boolean> {
    // The name first: whoever dies in between leaves a name without a schedule, which is read as nothing.
    await this.#state.add(names, schedule.name, '', { ttlMs: foreverMs })
    const kept = await this.#state.put(scheduleKey(schedule.name), JSON.stringify(schedule), {
      ttlMs: foreverMs,
      ...(known ? { ifVersion: known.version } : { ifAbsent: true }),
    })
    if (kept === 'conflict') return false
    await this.#tell()
    return true
  }

  async #tell(): Promise<void> {
    await this.#state.put(changedKey, '', { ttlMs: foreverMs })
  }

  async #read(members: readonly string[], declared: ReadonlySet<string>): Promise<readonly ScheduleEntry[]> {
    const values = await this.#state.get(members.flatMap((name) => [scheduleKey(name), progressKey(name)]))
    return members.flatMap((name, at) => {
      const schedule = parse<StoredSchedule>(values[2 * at])
      if (!schedule) return []
      const orphaned = schedule.value.source === 'code' && !declared.has(name)
      return [{ schedule, progress: parse<ScheduleProgress>(values[2 * at + 1]), orphaned }]
    })
  }

  async #declaredNames(): Promise<ReadonlySet<string>> {
    const declared = new Set<string>()
    for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
      const page = await this.#state.page(declarers, {
        limit: pageSize,
        ...(cursor === undefined ? {} : { cursor }),
      })
      for (const { value } of page.members)
        for (const name of JSON.parse(value) as string[]) declared.add(name)
      cursor = page.next
    }
    return declared
  }
}

/** Whether what has been decided under the old definition still stands under the new one. */
function ticksAsBefore(old: ScheduleDefinition, next: ScheduleDefinition): boolean {
  const times = ({ rules: { timing, timeZone, startAt, endAt, enabled } }: ScheduleDefinition): string =>
    JSON.stringify([timing, timeZone, startAt, endAt, enabled])
  return times(old) === times(next)
}

function parse<Value>(stored: { readonly value: string; readonly version: number } | undefined) {
  return stored && ({ value: JSON.parse(stored.value), version: stored.version } as Kept<Value>)
}
