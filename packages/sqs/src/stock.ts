import type { Held } from './leases.ts'

/** What polls brought and nobody has asked for yet; the highest band first, in each the oldest first. */
export class Stock {
  readonly #bands: readonly Held[][]
  #count = 0

  constructor(bands: number) {
    this.#bands = Array.from({ length: bands }, () => [])
  }

  get count(): number {
    return this.#count
  }

  add(held: Held): void {
    this.#bands[held.band]?.push(held)
    this.#count++
  }

  take(max: number): readonly Held[] {
    const taken: Held[] = []
    for (const band of this.#bands) {
      if (taken.length >= max) break
      taken.push(...band.splice(0, max - taken.length))
    }
    this.#count -= taken.length
    return taken
  }

  /** Up to `max` that are chosen, asked in order; the others stay. */
  choose(max: number, chosen: (held: Held) => boolean): readonly Held[] {
    const taken: Held[] = []
    for (const band of this.#bands) {
      const left = band.filter((held) => {
        const goes = taken.length < max && chosen(held)
        if (goes) taken.push(held)
        return !goes
      })
      band.splice(0, band.length, ...left)
    }
    this.#count -= taken.length
    return taken
  }

  all(): readonly Held[] {
    return this.take(this.#count)
  }
}
