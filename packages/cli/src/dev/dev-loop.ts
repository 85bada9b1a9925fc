import { SupervisedProcess } from '../supervisor/supervised-process.ts'
import { banner } from '../worker/banner.ts'

/** One worker process at a time, replaced when the code changes; a broken file is told, and its repair waited for. */
export class DevLoop {
  readonly #rawArguments: readonly string[]
  readonly #say: (text: string) => void
  #current: SupervisedProcess | undefined
  /** Starts and stops, one after the other. */
  #turn: Promise<void> = Promise.resolve()
  #shown = ''
  #stopped = false

  constructor(rawArguments: readonly string[], say: (text: string) => void) {
    this.#rawArguments = rawArguments
    this.#say = say
  }

  start(): void {
    this.#turn = this.#turn.then(() => this.#start())
  }

  restart(file: string): void {
    this.#turn = this.#turn.then(async () => {
      if (this.#stopped) return
      this.#say(`${file} changed: restarting`)
      await this.#end()
      this.#start()
    })
  }

  /** Asking again kills. Resolves when the worker has ended. */
  async stop(): Promise<void> {
    if (this.#stopped) this.#current?.kill('SIGKILL')
    this.#stopped = true
    this.#current?.kill('SIGTERM')
    await this.#current?.ended
  }

  #start(): void {
    if (this.#stopped) return
    const current = new SupervisedProcess(0, this.#rawArguments)
    this.#current = current
    void current.ready.then((info) => {
      const text = banner(info, 1)
      // After a restart only what is new.
      if (text.replace(info.name, '') !== this.#shown) this.#say(text)
      this.#shown = text.replace(info.name, '')
      this.#say('ready; waiting for tasks and for changes')
    })
    void current.ended.then(({ clean, how, error }) => {
      if (this.#current !== current) return
      this.#current = undefined
      // Its own error line is on stderr already.
      if (!clean && !this.#stopped) this.#say(`${error ? 'not started' : how}: waiting for a change`)
    })
  }

  async #end(): Promise<void> {
    const current = this.#current
    this.#current = undefined
    current?.kill('SIGTERM')
    await current?.ended
  }
}
