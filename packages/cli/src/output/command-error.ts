/** What the command line says when it refuses by itself. Errors of core have a `code` of their own. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly code: string
  /** 2: the command line is wrong. 1: everything else. */
  readonly exitCode: 1 | 2

  constructor(code: string, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.exitCode = code === 'USAGE' ? 2 : 1
  }
}

/** The command line itself is wrong. */
export function usageError(message: string): CommandError {
  return new CommandError('USAGE', message)
}
