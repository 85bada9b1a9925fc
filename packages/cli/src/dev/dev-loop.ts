import type { LineLogger } from '../log/logger.ts'
import { SupervisedProcess } from '../supervisor/supervised-process.ts'
import { banner, type StartInfo } from '../worker/banner.ts'

/** One worker process at a time, replaced when the code changes; a broken file is told, and its repair waited for. */
export class DevLoop {
  readonly #rawArguments: readonly string[]
  readonly #logger: LineLogger
  #current: SupervisedProcess | undefined
  /** Starts and stops, one after the other. */
  #turn: Promise<void> = Promise.resolve()
  #shown = ''
  #stopped = false

  constructor(rawArguments: readonly string[], logger: LineLogger) {
    this.#rawArguments = rawArguments
    this.#logger = logger
  }

  start(): void {
    this.#turn = this.#turn.then(() => this.#start())
  }

  restart(file: string): void {
    this.#turn = this.#turn.then(async () => {
      if (this.#stopped) return
      this.#logger.info(`${file} changed: restarting`)
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
    void current.ready.then((info) => this.#tellReady(info))
    void current.ended.then(({ clean, how, error }) => {
      if (this.#current !== current) return
      this.#current = undefined
      // Its own error line is on stderr already.
      if (!clean && !this.#stopped) this.#logger.warn(`${error ? 'not started' : how}: waiting for a change`)
    })
  }

  #tellReady(info: StartInfo): void {
    const json = this.#logger.options.format === 'json'
    this.#logger.info('ready for tasks and changes', json ? { ...info } : {})
    if (json) return
    // After a restart only what is new.
    const text = banner({ ...info, name: 'dev' }, 1)
    if (text !== this.#shown) this.#logger.raw(text)
    this.#shown = text
  }

  async #end(): Promise<void> {
    const current = this.#current
    this.#current = undefined
    current?.kill('SIGTERM')
    await current?.ended
  }
}
