/** What every method says after `close`. */
export class ClosedError extends Error {
  override readonly name = 'ClosedError'

  constructor() {
    super('the S3 payload store was closed')
  }
}

/** Some of what was to be deleted was not. */
export class DeleteError extends Error {
  override readonly name: string

  constructor(code: string, key: string, message: string) {
    super(`'${key}': ${message}`)
    this.name = code
  }
}
