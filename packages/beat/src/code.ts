import type { BeatHost, ScheduleBook, ScheduleDefinition, ScheduleEntry } from '@tq/core'

/**
 * The schedules of this process's code, told to the store: what they are when it starts, that they are there as long as it
 * runs. So a schedule ticks as long as any running beat has it in its code, whoever leads; during a deploy the code that
 * started last decides what it is.
 */
export class CodeDeclarations {
  readonly #host: BeatHost
  readonly #book: ScheduleBook
  readonly #process: string
  #told = false

  constructor(host: BeatHost, book: ScheduleBook, process: string) {
    this.#host = host
    this.#book = book
    this.#process = process
  }

  async tell(): Promise<void> {
    const declared = await this.#host.declared()
    const names = declared.map(({ name }) => name)
    await this.#book.declare(this.#process, names)
    const kept = new Map(
      (await this.#book.entriesOf(names)).map((entry) => [entry.schedule.value.name, entry]),
    )
    // Later only what is gone, as from a store that was emptied: another process may have changed the rest.
    const different = declared.filter((one) => {
      const entry = kept.get(one.name)
      return !entry || (!this.#told && !isAsInCode(entry, one))
    })
    for (const definition of different) await this.#define(definition, kept.get(definition.name))
    this.#told = true
  }

  async withdraw(): Promise<void> {
    await this.#book.withdraw(this.#process)
  }

  /** Writes until nobody came in between. */
  async #define(definition: ScheduleDefinition, entry: ScheduleEntry | undefined): Promise<void> {
    let known = entry
    while (!(await this.#book.define(definition, 'code', known?.schedule)))
      known = await this.#book.entry(definition.name)
  }
}

function isAsInCode({ schedule: { value } }: ScheduleEntry, { rules, sends }: ScheduleDefinition): boolean {
  return (
    value.source === 'code' && JSON.stringify([value.rules, value.sends]) === JSON.stringify([rules, sends])
  )
}
