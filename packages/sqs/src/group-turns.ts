import type { Held } from './leases.ts'

/**
 * Of each group the message that was handed out, on FIFO queues. SQS gives several of a group in one answer, and keeps
 * back only those that come after; so it is for us to hand out the next one when the one before is done.
 */
export class GroupTurns {
  readonly #current = new Map<string, Held>()

  /** Whether it may be handed out; then it is its group's turn. */
  take(held: Held): boolean {
    const { group } = held
    if (group === undefined) return true
    if (this.#current.has(group)) return false
    this.#current.set(group, held)
    return true
  }

  /** Says whether it was one that had been handed out: its group's turn is over. */
  end(held: Held): boolean {
    const { group } = held
    return group !== undefined && this.#current.get(group) === held && this.#current.delete(group)
  }
}
