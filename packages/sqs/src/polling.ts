import { randomInt } from 'node:crypto'
import type { Millis } from '@tq/core/driver'
import type { BandPolls } from './band-polls.ts'
import { batchSize } from './capabilities.ts'
import type { Connection } from './connection.ts'

/** After so many polls one starts from the bottom. */
const bottomEvery = 16
/** A band is taken for empty when a poll got no answer for as long as so many answers take of late, */
const emptyAnswers = 3
/** and for this at least, however near SQS is, */
const leastEmptyMs: Millis = 60
/** but not longer than this, however slow it is: lower ones have tasks, too. */
const mostEmptyMs: Millis = 300
/** One that had messages a moment ago is given so many times that. */
const busyPatience = 4
/** A wait that ends with nothing must have looked everywhere: SQS asks all its servers, which takes longer than one. */
const leastCertainMs: Millis = 500
const mostCertainMs: Millis = 1_000
const certainAnswers = 10

/** What there is to do after a look at the polls. */
export interface Plan {
  /** When to look again, unless something comes before. */
  readonly lookInMs: Millis
  /** When it is known that no band has a message, if none comes before. 0: it is known. */
  readonly emptyInMs: Millis
}

/** Which band is asked, when, and for how many: the highest first, lower ones where it is known to be empty. */
export class Polling {
  readonly #connection: Connection
  readonly #bands: readonly BandPolls[]
  // Receivers that live for a few polls only must serve the low ones, too.
  #untilBottom = randomInt(bottomEvery)

  /** @param bands the highest first */
  constructor(connection: Connection, bands: readonly BandPolls[]) {
    this.#connection = connection
    this.#bands = bands
  }

  /** So many more are soon wanted: they are asked for in the highest band that had some. */
  more(wanted: number): void {
    const lowest = this.#bands.at(-1)
    if (wanted > 0 && this.#bottomIsDue && lowest?.mayPoll && !lowest.polling) {
      lowest.ask(wanted)
      this.#untilBottom = bottomEvery
    }
    const band = this.#bands.find(({ busy }) => busy)
    if (band) this.#untilBottom -= askFor(band, wanted)
  }

  /**
   * Starts the polls that are needed.
   *
   * @param wanted how many are wanted beyond those in stock
   * @param room how many may still be held; polls that wait on empty bands are not counted
   * @param thorough a wait that ends with nothing must be certain
   */
  plan(wanted: number, room: number, thorough: boolean): Plan {
    const { answerMs } = this.#connection
    const emptyMs = Math.min(mostEmptyMs, Math.max(leastEmptyMs, emptyAnswers * answerMs))
    const left = Math.min(room, Math.max(wanted, 1))
    let lookInMs = Number.POSITIVE_INFINITY
    const fromBottom = this.#bottomIsDue
    let asked = 0
    for (const band of fromBottom ? this.#bands.toReversed() : this.#bands) {
      if (band.retryInMs > 0) {
        lookInMs = Math.min(lookInMs, band.retryInMs)
        continue
      }
      if (!band.polling) {
        band.ask(left)
        asked++
      }
      const emptyInMs = band.emptyInMs(band.busy ? Math.min(mostEmptyMs, busyPatience * emptyMs) : emptyMs)
      if (emptyInMs > 0) {
        asked += askFor(band, left)
        // Lower ones have to wait for what this one says.
        lookInMs = Math.min(lookInMs, emptyInMs)
        break
      }
    }
    if (asked > 0) this.#untilBottom = fromBottom ? bottomEvery : this.#untilBottom - asked
    const certain = thorough
      ? Math.min(mostCertainMs, Math.max(leastCertainMs, certainAnswers * answerMs))
      : emptyMs
    const emptyInMs = Math.max(...this.#bands.map((band) => band.emptyInMs(certain)))
    return { lookInMs, emptyInMs }
  }

  get #bottomIsDue(): boolean {
    return this.#untilBottom <= 0
  }
}

/** As many polls as bring so much, those under way included. Returns how many it started. */
function askFor(band: BandPolls, wanted: number): number {
  let asked = 0
  for (let left = wanted - band.expected; left > 0 && band.mayPoll; left -= batchSize, asked++) band.ask(left)
  return asked
}
