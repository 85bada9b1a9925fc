import { MemoryState } from '../memory/state/memory-state.ts'
import { StateData } from '../memory/state/state-data.ts'
import { needBackend, type Runtime } from '../runtime/runtime.ts'
import { serviceNow } from '../runtime/service-time.ts'
import type { BeatHost, BeatServices } from '../schedule/beat-module.ts'
import type { ScheduleDefinition } from '../schedule/schedule.ts'
import { ScheduleBook } from '../schedule/schedule-book.ts'
import { delayNode } from '../workflow/delay-node.ts'
import { needsBackend } from '../workflow/freeze.ts'
import type { Workflows } from '../workflow/workflows.ts'
import type { CodeSchedules } from './code-schedules.ts'

/** The place that the leading beat takes. */
const leaderKey = 'beat'

/** An app's services for the beats that run with it. */
export class AppBeatHost implements BeatHost {
  readonly #runtime: Runtime
  readonly #workflows: Workflows
  readonly #code: CodeSchedules

  constructor(runtime: Runtime, workflows: Workflows, code: CodeSchedules) {
    this.#runtime = runtime
    this.#workflows = workflows
    this.#code = code
  }

  async open(): Promise<BeatServices> {
    const connection = await this.#runtime.connect()
    for (const { name, rules, sends } of await this.#code.all()) {
      if (rules.overlap !== 'allow')
        needBackend(connection, `schedule '${name}' with overlap '${rules.overlap}'`)
      if (needsBackend(sends)) needBackend(connection, `schedule '${name}' with a group, chord or map`)
    }
    const { backend } = connection
    const data = new StateData(this.#runtime.clock)
    const state = backend?.state ?? new MemoryState(() => data)
    return {
      book: new ScheduleBook(state, () => serviceNow(this.#runtime.clock, backend)),
      acquire: (holder, ttlMs) => state.acquire(leaderKey, holder, { limit: 1, ttlMs }),
      renew: (holder, ttlMs) => state.renew(leaderKey, holder, { ttlMs }),
      release: async (holder) => {
        await state.release(leaderKey, holder)
      },
      results: backend?.results,
    }
  }

  declared(): Promise<readonly ScheduleDefinition[]> {
    return this.#code.all()
  }

  async send({ sends }: ScheduleDefinition, id: string, delayMs: number): Promise<void> {
    await this.#workflows.sendPrepared(delayNode(sends, delayMs), id)
  }
}
