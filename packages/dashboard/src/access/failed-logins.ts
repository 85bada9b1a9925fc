/** So many failures from one address within the time, then it has to wait. */
const mostFailures = 10
const withinMs = 60_000
/** So that a scan from many addresses does not fill the memory. */
const mostAddresses = 1_000

/** Slows down whoever guesses. Kept in this process only. */
export class FailedLogins {
  readonly #failures = new Map<string, { count: number; since: number }>()
  readonly #now: () => number

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** How long the address has to wait, in whole seconds; 0 when it need not. */
  waitOf(address: string): number {
    const known = this.#failures.get(address)
    if (!known || known.count < mostFailures) return 0
    const leftMs = known.since + withinMs - this.#now()
    if (leftMs > 0) return Math.ceil(leftMs / 1_000)
    this.#failures.delete(address)
    return 0
  }

  add(address: string): void {
    const now = this.#now()
    const known = this.#failures.get(address)
    if (known && known.since + withinMs > now) {
      known.count++
      return
    }
    this.#failures.delete(address)
    const [oldest] = this.#failures.keys()
    if (this.#failures.size >= mostAddresses && oldest !== undefined) this.#failures.delete(oldest)
    this.#failures.set(address, { count: 1, since: now })
  }

  forget(address: string): void {
    this.#failures.delete(address)
  }
}
