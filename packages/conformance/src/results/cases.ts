import type { BackendCase } from '../state/offers.ts'
import { claimCases } from './claim.ts'
import { closeCases } from './close.ts'
import { concurrencyCases } from './concurrency.ts'
import { expiryCases } from './expiry.ts'
import { fencingCases } from './fencing.ts'
import { getCases } from './get.ts'
import { historyCases } from './history.ts'
import { putCases } from './put.ts'
import { timeCases } from './time.ts'
import { watchCases } from './watch.ts'

/** Every promise about what is known of a task. */
export const resultCases: readonly BackendCase[] = [
  ...putCases,
  ...getCases,
  ...fencingCases,
  ...claimCases,
  ...expiryCases,
  ...concurrencyCases,
  ...timeCases,
  ...watchCases,
  ...historyCases,
  ...closeCases,
]
