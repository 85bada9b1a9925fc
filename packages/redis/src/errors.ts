/** What every method says after `close`. */
export class ClosedError extends Error {
  override readonly name = 'ClosedError'

  constructor() {
    super('the Redis broker or backend was closed')
  }
}

/** Something is larger than `capabilities` allow. Nothing was changed. */
export class LimitError extends Error {
  override readonly name = 'LimitError'
}

/** Redis does not answer. Whether it did what it was asked is not known. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError'
}
