import type { Millis } from '@tq/core/driver'
import type { Connection } from '../connection.ts'
import { after, ms, type Sql, sweepable, unsynced } from '../statement.ts'
import { toStored } from '../text.ts'

const limitOf: Sql = '$3::double precision'
const windowOf: Sql = '$4::double precision'
const costOf: Sql = '$5::double precision'

/** What is in the bucket now. A clock that was set back refills nothing, and takes nothing away. */
const available: Sql = `least(${limitOf}, r.tokens
  + greatest(0, extract(epoch FROM now() - r.updated)::double precision * 1000) * ${limitOf} / ${windowOf})`

const wait = (tokens: Sql): Sql => `CASE WHEN ${tokens} >= ${costOf} THEN 0
  ELSE greatest(1, ceil((${costOf} - ${tokens}) * ${windowOf} / ${limitOf})) END`
const taken = (tokens: Sql): Sql =>
  `CASE WHEN ${tokens} >= ${costOf} OR $7::boolean THEN ${tokens} - ${costOf} ELSE ${tokens} END`

const fullAgain = (tokens: Sql): Sql => sweepable(after(`($6::double precision + ${wait(tokens)})`))

export interface TakeOptions {
  readonly limit: number
  readonly windowMs: Millis
  readonly cost: number
  readonly reserve?: boolean
}

/**
 * Takes tokens of a bucket, or says how long until there will be enough. When it is full again, whatever was in it,
 * nothing has to be remembered any longer.
 *
 * $2 key, $3 limit, $4 window, $5 cost, $6 for how long it is kept, $7 whether to take what is not there yet
 */
const take: Sql = `INSERT INTO @.rates AS r (namespace, key, tokens, wait, updated, sweep)
  VALUES ($1, $2, ${taken(limitOf)}, ${wait(limitOf)}, now(), ${fullAgain(limitOf)})
  ON CONFLICT (namespace, key) DO UPDATE SET
    tokens = ${taken(available)}, wait = ${wait(available)}, updated = greatest(r.updated, now()), sweep = ${fullAgain(available)}
  RETURNING r.wait, ${unsynced}`

export async function takeTokens(
  connection: Connection,
  key: string,
  { limit, windowMs, cost, reserve = false }: TakeOptions,
): Promise<Millis> {
  const { rows } = await connection.run<{ wait: number }>(take, [
    toStored(key),
    limit,
    windowMs,
    cost,
    ms(windowMs),
    reserve,
  ])
  return rows[0]?.wait ?? 0
}
