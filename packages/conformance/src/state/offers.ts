import type { BackendCapabilities } from '@tq/core/driver'
import type { ConformanceCase, Requirement } from '../case.ts'
import type { BackendHarness } from '../harness.ts'
import type { BackendStage } from './stage.ts'

/** What decides which backend cases apply. */
export interface BackendOffers {
  readonly capabilities: BackendCapabilities
  /** `results.watch` is present. */
  readonly resultsWatch: boolean
  /** `results.history` is present. */
  readonly history: boolean
  /** `state.watch` is present. */
  readonly stateWatch: boolean
  /** `now` is present. */
  readonly serviceClock: boolean
  /** Time is the harness's own. */
  readonly virtualTime: boolean
}

export type BackendCase = ConformanceCase<BackendStage, BackendOffers>

/** Looks at one instance. */
export async function backendOffers(harness: BackendHarness): Promise<BackendOffers> {
  const backend = await harness.create()
  await backend.open()
  try {
    return {
      capabilities: backend.capabilities,
      resultsWatch: backend.results.watch !== undefined,
      history: backend.results.history !== undefined,
      stateWatch: backend.state.watch !== undefined,
      serviceClock: backend.now !== undefined,
      virtualTime: harness.now !== undefined,
    }
  } finally {
    await backend.close()
  }
}

type Need = Requirement<BackendOffers>

/** Values larger than this are not built just to meet a limit. */
export const largestBuiltValue = 16 * 1024 * 1024

export const shared: Need = { needs: 'shared', holds: ({ capabilities }) => capabilities.shared }
export const resultsWatch: Need = { needs: 'results.watch', holds: (offers) => offers.resultsWatch }
export const realTime: Need = { needs: 'real time', holds: ({ virtualTime }) => !virtualTime }
export const history: Need = { needs: 'results.history', holds: (offers) => offers.history }
export const stateWatch: Need = { needs: 'state.watch', holds: (offers) => offers.stateWatch }
export const serviceClock: Need = { needs: 'now', holds: (offers) => offers.serviceClock }
export const reachableValueLimit: Need = {
  needs: 'maxValueBytes up to 16 MiB',
  holds: ({ capabilities }) => capabilities.maxValueBytes <= largestBuiltValue,
}
