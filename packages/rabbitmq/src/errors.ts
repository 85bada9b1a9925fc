/** What every method says after `close`. */
export class ClosedError extends Error {
  override readonly name = 'ClosedError'

  constructor() {
    super('the RabbitMQ broker, or this receiver of it, was closed')
  }
}

/** Something is larger than `capabilities` allow. Nothing was changed. */
export class LimitError extends Error {
  override readonly name = 'LimitError'
}

/** RabbitMQ does not answer, or has ended what was asked for. Whether it did what it was asked is not known. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError'
}

/** The server is set up in a way that would break a promise. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}
