import type { Backend } from '../contracts/backend.ts'
import { definedRates, readRates } from '../runtime/rate-overrides.ts'
import { type DefinedRate, listWorkers } from '../runtime/worker-list.ts'
import type { TaskRegistry } from '../task/registry.ts'

/** How often a task may start, as far as anybody knows. */
export interface RateLimitInfo {
  readonly task: string
  /** As its definition says. Undefined where neither this app nor a live worker has one: a changed one does nothing then. */
  readonly defined: DefinedRate | undefined
  /** What `control.rateLimit` put in its place, such as `'10/m'`; undefined while the definition's holds. */
  readonly changed: string | undefined
  /** Names of the live workers that keep to it. */
  readonly workers: readonly string[]
}

/** Of each task that has a rate limit, or was given one; by name. */
export async function listRateLimits(
  backend: Backend,
  registry: TaskRegistry,
): Promise<readonly RateLimitInfo[]> {
  const [workers, changed] = await Promise.all([listWorkers(backend), readRates(backend.state)])
  const defined = new Map<string, DefinedRate>()
  // What runs counts more than what this app was started with.
  for (const rates of [definedRates(registry), ...workers.map(({ rateLimits }) => rateLimits)])
    for (const [task, rate] of Object.entries(rates)) defined.set(task, rate)
  const names = new Set([...defined.keys(), ...changed.keys()])
  return [...names].sort().map((task) => ({
    task,
    defined: defined.get(task),
    changed: changed.get(task),
    workers: workers.filter(({ rateLimits }) => Object.hasOwn(rateLimits, task)).map(({ name }) => name),
  }))
}
