import type { Millis } from '@tq/core/driver'
import type { Connection } from '../connection.ts'
import { after, type Sql, sweepable, unsynced } from '../statement.ts'
import { toStored } from '../text.ts'

const limitOf: Sql = '$3::double precision'
const windowOf: Sql = '$4::double precision'
const costOf: Sql = '$5::double precision'

/** What is in the bucket now. A clock that was set back refills nothing, and takes nothing away. */
const available: Sql = `least(${limitOf}, r.tokens
  + greatest(0, extract(epoch FROM now() - r.updated)::double precision * 1000) * ${limitOf} / ${windowOf})`

const wait = (tokens: Sql): Sql => `CASE WHEN ${tokens} >= ${costOf} THEN 0
  ELSE greatest(1, ceil((${costOf} - ${tokens}) * ${windowOf} / ${limitOf})) END`
const left = (tokens: Sql): Sql =>
  `CASE WHEN ${tokens} >= ${costOf} OR $6::boolean THEN ${tokens} - ${costOf} ELSE ${tokens} END`
/** After a whole window it is full again, whatever was in it, and later by what was taken ahead of time. */
const kept = (tokens: Sql): Sql => sweepable(after(`(${windowOf} + ${wait(tokens)})`))

/**
 * Takes tokens of a bucket, or says how long until there will be enough.
 *
 * $2 key, $3 limit, $4 window, $5 cost, $6 whether they are taken ahead of time
 */
const take: Sql = `INSERT INTO @.rates AS r (namespace, key, tokens, wait, updated, sweep)
  VALUES ($1, $2, ${left(limitOf)}, ${wait(limitOf)}, now(), ${kept(limitOf)})
  ON CONFLICT (namespace, key) DO UPDATE SET
    tokens = ${left(available)}, wait = ${wait(available)}, updated = greatest(r.updated, now()), sweep = ${kept(available)}
  RETURNING r.wait, ${unsynced}`

/** What `take` is asked for. */
export interface Rate {
  readonly limit: number
  readonly windowMs: Millis
  readonly cost: number
  readonly reserve?: boolean
}

export async function takeTokens(
  connection: Connection,
  key: string,
  { limit, windowMs, cost, reserve = false }: Rate,
): Promise<Millis> {
  const { rows } = await connection.run<{ wait: number }>(take, [
    toStored(key),
    limit,
    windowMs,
    cost,
    reserve,
  ])
  return rows[0]?.wait ?? 0
}
