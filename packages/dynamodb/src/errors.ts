/** What every method says after `close`. */
export class ClosedError extends Error {
  override readonly name = 'ClosedError'

  constructor() {
    super('the DynamoDB backend was closed')
  }
}

/** Something is larger than `capabilities` allow. Nothing was changed. */
export class LimitError extends Error {
  override readonly name = 'LimitError'
}

/** The table is not there, or not as it has to be. */
export class TableError extends Error {
  override readonly name = 'TableError'
}
