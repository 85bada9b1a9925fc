/** What every method says after `close`. */
export class ClosedError extends Error {
  override readonly name = 'ClosedError'

  constructor() {
    super('the PostgreSQL backend was closed')
  }
}

/** Something is larger than `capabilities` allow. Nothing was changed. */
export class LimitError extends Error {
  override readonly name = 'LimitError'
}
