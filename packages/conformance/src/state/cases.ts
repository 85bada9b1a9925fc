import { collectionCases } from './collections.ts'
import { countCases } from './count.ts'
import { joinCases } from './join.ts'
import type { BackendCase } from './offers.ts'
import { parkCases } from './park.ts'
import { placeCases } from './places.ts'
import { rateCases } from './rate.ts'
import { valueCases } from './values.ts'
import { versionCases } from './versions.ts'

/** Every promise about shared state. */
export const stateCases: readonly BackendCase[] = [
  ...valueCases,
  ...versionCases,
  ...collectionCases,
  ...joinCases,
  ...parkCases,
  ...placeCases,
  ...rateCases,
  ...countCases,
]
