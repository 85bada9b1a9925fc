import type { Millis } from '@tq/core/driver'
import { type Item, numberOf, placeholders } from '../attributes.ts'
import type { Connection } from '../connection.ts'
import { removedAfter } from '../time-to-live.ts'

/*
 * A bucket is one number: when it will be full again. An empty one is so a whole window from now, and each token taken
 * puts it off. So nobody has to read before writing, and writers do not get in each other's way.
 */

/** What `take` is asked for. */
export interface Rate {
  readonly limit: number
  readonly windowMs: Millis
  readonly cost: number
  readonly reserve?: boolean
}

/** Takes tokens of a bucket, or says how long until there will be enough. */
export async function takeTokens(
  connection: Connection,
  key: string,
  { limit, windowMs, cost, reserve = false }: Rate,
): Promise<Millis> {
  const own = connection.keys.single('rate', key)
  const startedAt = connection.clock.monotonic()
  // Rounded down, so that as many as the limit always fit into a window.
  const price = Math.floor(((cost * windowMs) / limit) * 1_000) / 1_000
  for (let attempt = 0; ; attempt++) {
    const instant = connection.now()
    const now = Math.floor((instant.earliest + instant.latest) / 2)
    const latest = now + windowMs
    const write = (set: string, condition: string, values: Readonly<Record<string, number>>) =>
      connection.tryUpdate(own, {
        UpdateExpression: set,
        ConditionExpression: condition,
        ReturnValues: 'UPDATED_NEW',
        ...placeholders({ ...values, ttl: removedAfter(latest + price) }, set, condition),
      })
    // Full for some time, or never used.
    if (price <= windowMs || reserve) {
      const first = await write(
        'SET #full = :full, #ttl = :ttl',
        'attribute_not_exists(#full) OR #full <= :now',
        { full: now + price, now },
      )
      if (first.done) return waitOf(first.output.Attributes, latest)
    }
    const further = reserve ? '#full > :now' : '#full > :now AND #full <= :most'
    const next = await write('SET #full = #full + :price, #ttl = :ttl', further, {
      price,
      now,
      ...(reserve ? {} : { most: latest - price }),
    })
    if (next.done) return waitOf(next.output.Attributes, latest)
    const full = numberOf(next.item, 'full')
    if (full > latest - price || price > windowMs) {
      return Math.max(1, Math.ceil(Math.max(full || 0, now) + price - latest))
    }
    // It has become full in between.
    await connection.pauseOrFail(attempt, startedAt, key)
  }
}

/** Tokens that were taken ahead of time are there so much later. */
function waitOf(item: Item | undefined, latest: number): Millis {
  return Math.max(0, Math.ceil(numberOf(item, 'full') - latest))
}
