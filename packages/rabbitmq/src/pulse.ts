import type { Clock, Millis } from '@tq/core/driver'
import type { Channel } from 'amqplib'
import { UnreachableError } from './errors.ts'
import type { Live } from './link.ts'

/** How often the server is asked for a sign of life. */
const everyMs: Millis = 1_500
/** An answer that takes longer does not come. */
const answerMs: Millis = 2_500

/**
 * Notices within seconds that nobody is there any more, although the socket is open. AMQP's heartbeats cannot be that
 * short: a handler that blocks the event loop would lose everything its worker holds.
 */
export class Pulse {
  readonly #live: Live
  readonly #clock: Clock
  #channel: Promise<Channel> | undefined
  #cancel: () => void = () => {}
  #stopped = false

  constructor(live: Live, clock: Clock) {
    this.#live = live
    this.#clock = clock
    this.#plan()
  }

  stop(): void {
    this.#stopped = true
    this.#cancel()
  }

  #plan(): void {
    if (this.#stopped) return
    this.#cancel = this.#clock.setTimer(everyMs, () => this.#ask(), { background: true })
  }

  #ask(): void {
    // A blocked connection is not read from; that it cannot answer says nothing.
    if (this.#live.blocked !== undefined) {
      this.#plan()
      return
    }
    let answered = false
    const answer = () => {
      answered = true
    }
    this.#channel ??= this.#live.channel()
    this.#channel.then((channel) => channel.prefetch(1)).then(answer, answer)
    const { bytesRead } = this.#live
    // A server that is busy answers late, but something comes from it.
    this.#await(() => answered || this.#live.bytesRead !== bytesRead, this.#clock.monotonic())
  }

  #await(alive: () => boolean, since: Millis): void {
    const look = () => {
      if (this.#stopped) return
      if (alive() || this.#live.blocked !== undefined) {
        this.#plan()
        return
      }
      // A loop that was blocked has read nothing: the answer may lie in the socket.
      const lateMs = this.#clock.monotonic() - since - answerMs
      if (lateMs > answerMs / 2) this.#await(alive, this.#clock.monotonic())
      else this.#live.destroy(new UnreachableError(`the server did not answer within ${answerMs} ms`))
    }
    this.#cancel = this.#clock.setTimer(answerMs, look, { background: true })
  }
}
