/** A duration in milliseconds. Contracts carry plain numbers; text such as `'5m'` is parsed at the edge. */
export type Millis = number

/**
 * The only source of time. Everything that waits or reads a time takes one, so that a test can run weeks in
 * a moment with a virtual clock.
 */
export interface Clock {
  /** Wall-clock time, in milliseconds since 1970. May jump; use it for instants that other machines read. */
  now(): number
  /** Time that never jumps, in milliseconds from an arbitrary start. Use it for durations and deadlines. */
  monotonic(): Millis
  /**
   * Calls back once, `delayMs` from now; any length is right (no overflow beyond 24.8 days). Returns a
   * function that cancels it. A pending timer does not keep the process alive when `background` is true.
   */
  setTimer(delayMs: Millis, callback: () => void, options?: { readonly background?: boolean }): () => void
}
