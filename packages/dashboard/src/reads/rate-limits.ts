import type { RateLimitRow } from '../wire/overview.ts'
import type { Read } from './read.ts'

/** Tasks that may start only so often: as defined, and as changed. */
export const rateLimits: Read = {
  everyMs: 3_000,
  async load({ app }): Promise<readonly RateLimitRow[]> {
    const limits = await app.inspect.rateLimits()
    return limits.map(({ defined, changed, ...rest }) => ({
      ...rest,
      defined: defined ?? null,
      changed: changed ?? null,
    }))
  },
}
