/** What an app's `startup` returned, shared by the workers of this process, and ended when the last of them stops. */
export class SharedState<State> {
  readonly #startup: () => State | Promise<State>
  readonly #shutdown: (state: State) => unknown
  #state: Promise<State> | undefined
  #users = 0

  constructor(startup: () => State | Promise<State>, shutdown: (state: State) => unknown) {
    this.#startup = startup
    this.#shutdown = shutdown
  }

  /** For one more user, who gives it back with `release`. */
  acquire(): Promise<State> {
    this.#users++
    return this.get()
  }

  async release(): Promise<void> {
    if (--this.#users <= 0) await this.end()
  }

  get(): Promise<State> {
    this.#state ??= Promise.resolve()
      .then(this.#startup)
      .catch((error: unknown) => {
        // The next one tries again.
        this.#state = undefined
        throw error
      })
    return this.#state
  }

  /** Whoever needs it after this starts it anew. */
  async end(): Promise<void> {
    const state = this.#state
    this.#state = undefined
    if (state !== undefined) await this.#shutdown(await state)
  }
}
