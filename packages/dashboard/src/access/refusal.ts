/** Why somebody was not let in, or may not do this. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly status: 401 | 403 | 413 | 415 | 429
  readonly code: string
  /** What to do about it. */
  readonly fix: string | undefined
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: Refusal['status'],
    code: string,
    message: string,
    more: { readonly fix?: string; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message)
    this.status = status
    this.code = code
    this.fix = more.fix
    this.headers = more.headers ?? {}
  }
}
