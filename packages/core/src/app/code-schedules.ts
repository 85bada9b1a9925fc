import { TqError } from '../errors/tq-error.ts'
import type { ScheduleDefinition } from '../schedule/schedule.ts'
import {
  checkScheduleName,
  resolveScheduleRules,
  type ScheduleOptions,
} from '../schedule/schedule-options.ts'
import { invalidSchedule, type Timing } from '../schedule/timing.ts'
import type { FlowNode } from '../task/flow.ts'
import type { PlannedSignature } from '../task/signature.ts'
import type { Workflows } from '../workflow/workflows.ts'

/** Schedules as the code writes them, made ready to be kept. */
export class CodeSchedules {
  readonly #workflows: Workflows
  readonly #timeZone: string
  readonly #byName = new Map<string, () => Promise<ScheduleDefinition>>()

  constructor(workflows: Workflows, timeZone: string) {
    this.#workflows = workflows
    this.#timeZone = timeZone
  }

  /** @throws TqError `INVALID_SCHEDULE`, `INVALID_NAME`, `DUPLICATE_SCHEDULE` */
  add(name: string, when: Timing, signature: PlannedSignature, options: ScheduleOptions): void {
    const rules = resolveScheduleRules(checkScheduleName(name), when, options, this.#timeZone)
    if (this.#byName.has(name))
      throw new TqError('DUPLICATE_SCHEDULE', `Schedule '${name}' is defined twice.`, { details: { name } })
    let prepared: Promise<ScheduleDefinition> | undefined
    this.#byName.set(name, () => {
      prepared ??= this.#prepare(name, signature).then((sends) => ({ name, rules, sends }))
      return prepared
    })
  }

  /** @throws TqError what is wrong with a signature */
  async all(): Promise<readonly ScheduleDefinition[]> {
    return await Promise.all([...this.#byName.values()].map((prepare) => prepare()))
  }

  /** One that is made at run time. */
  async define(
    name: string,
    when: Timing,
    signature: PlannedSignature,
    options: ScheduleOptions,
  ): Promise<ScheduleDefinition> {
    const rules = resolveScheduleRules(checkScheduleName(name), when, options, this.#timeZone)
    return { name, rules, sends: await this.#prepare(name, signature) }
  }

  async #prepare(name: string, signature: PlannedSignature): Promise<FlowNode> {
    const node = await this.#workflows.prepare(signature, {})
    if (!hasInstant(node)) return node
    throw invalidSchedule(
      `schedule '${name}': an eta is one instant; every tick needs its own. Use a countdown.`,
    )
  }
}

function hasInstant(node: FlowNode): boolean {
  if (node.onError?.some(hasInstant)) return true
  switch (node.kind) {
    case 'task':
      return node.eta !== undefined
    case 'map':
      return hasInstant(node.child)
    case 'chain':
      return node.steps.some(hasInstant)
    case 'group':
      return node.children.some(hasInstant)
  }
}
