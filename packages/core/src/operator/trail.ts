import { Audit, thisUser } from '../runtime/audit.ts'
import type { Runtime } from '../runtime/runtime.ts'

/** Who does it; kept in the audit log. */
export interface Acting {
  /** @default the user of this process and its host */
  readonly by?: string
}

/** Writes down who did what: in the audit log where there is a backend, and in the application's own log. */
export class Trail {
  readonly #app: Runtime

  constructor(app: Runtime) {
    this.#app = app
  }

  async note(
    { by = thisUser() }: Acting,
    action: string,
    target: string,
    outcome: string | undefined,
  ): Promise<void> {
    const entry = { by, action, target, ...(outcome === undefined ? {} : { outcome }) }
    const { backend } = await this.#app.connect()
    if (backend) await new Audit(backend.state, this.#app.clock).add(entry)
    this.#app.logger.info(`${action}: ${target}`, entry)
  }
}
