import { acceptCases } from './accept.ts'
import { commitCases } from './commit.ts'
import { commitFencingCases } from './commit-fencing.ts'
import type { StoreCase } from './offers.ts'
import { verdictCases } from './verdict.ts'

/** Every promise that needs a broker and a backend in one store. */
export const storeCases: readonly StoreCase[] = [
  ...acceptCases,
  ...verdictCases,
  ...commitCases,
  ...commitFencingCases,
]
