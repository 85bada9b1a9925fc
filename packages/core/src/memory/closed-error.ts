/** What every method says after `close`. */
export class ClosedError extends Error {
  override readonly name = 'ClosedError'

  constructor() {
    super('the memory service was closed')
  }
}
