import type { CollectionPage, JoinProgress, JoinReport, Millis } from '@tq/core/driver'
import type { Connection } from '../connection.ts'
import { ms, type Sql } from '../statement.ts'
import { fromStored, storedTexts, toStored } from '../text.ts'

/** So many children go to the server at once: no longer than some tens of milliseconds. */
const mostAtOnce = 5_000
/** Reports of so many connections never wait for each other. */
const slots = 16

const expect: Sql = 'SELECT @.expect($1, $2, $3::text[], $4, $5)'

/**
 * Children report: first values are stored, and counted in one of several rows, so that nobody waits for others. Locks
 * are taken in one order. Answers those whose value counts.
 *
 * $2 joins, $3 children, $4 values
 */
const report: Sql = `WITH found AS MATERIALIZED (
    SELECT j.id, i.name, i.child, i.value FROM unnest($2::text[], $3::text[], $4::text[]) AS i(name, child, value)
    JOIN @.joins AS j ON j.namespace = $1 AND j.name = i.name AND j.expires > now()),
  locked AS MATERIALIZED (
    SELECT c.parent, c.child, f.name, f.value FROM found AS f
    JOIN @.children AS c ON c.parent = f.id AND c.child = f.child
    WHERE c.value IS NULL ORDER BY c.parent, c.child FOR UPDATE OF c),
  added AS (
    UPDATE @.children AS c SET value = l.value FROM locked AS l
    WHERE c.parent = l.parent AND c.child = l.child AND c.value IS NULL
    RETURNING c.parent, l.name, c.child),
  counted AS (
    INSERT INTO @.reported AS r (parent, slot, done)
    SELECT parent, pg_backend_pid() % ${slots}, count(*) FROM added GROUP BY parent ORDER BY parent
    ON CONFLICT (parent, slot) DO UPDATE SET done = r.done + excluded.done)
  SELECT name, child FROM added`

/**
 * How far joins are. Asked after a change was committed: of reports that happen at once, the last one surely sees all.
 * If several do, one of them is told that it completes the join.
 *
 * $2 joins, $3 whether who asks may be the one
 */
const look: Sql = `WITH known AS MATERIALIZED (
    SELECT j.id, j.name, j.total, j.sealed, j.ended, i.may,
      (SELECT coalesce(sum(r.done), 0) FROM @.reported AS r WHERE r.parent = j.id)::integer AS done
    FROM unnest($2::text[], $3::boolean[]) AS i(name, may)
    JOIN @.joins AS j ON j.namespace = $1 AND j.name = i.name AND j.expires > now()),
  locked AS MATERIALIZED (
    SELECT j.id FROM @.joins AS j
    WHERE j.id IN (SELECT id FROM known WHERE may AND sealed AND done = total AND NOT ended) AND NOT j.ended
    ORDER BY j.id FOR UPDATE),
  won AS (UPDATE @.joins AS j SET ended = true FROM locked WHERE j.id = locked.id RETURNING j.id)
  SELECT k.name, k.total, k.sealed, k.done, EXISTS (SELECT FROM won WHERE won.id = k.id) AS won FROM known AS k`

interface Known {
  readonly name: string
  readonly total: number
  readonly sealed: boolean
  readonly done: number
  readonly won: boolean
}

export async function expectChildren(
  connection: Connection,
  join: string,
  children: readonly string[],
  { ttlMs, sealed }: { readonly ttlMs: Millis; readonly sealed: boolean },
): Promise<JoinProgress> {
  for (let start = 0; start === 0 || start < children.length; start += mostAtOnce) {
    const part = storedTexts(children.slice(start, start + mostAtOnce))
    const last = start + mostAtOnce >= children.length
    await connection.run(expect, [toStored(join), part, ms(ttlMs), sealed && last])
  }
  const known = (await lookAt(connection, new Map([[join, sealed]]))).get(join)
  return { added: false, ...standing(known) }
}

export async function reportChildren(
  connection: Connection,
  reports: readonly JoinReport[],
): Promise<readonly JoinProgress[]> {
  const firsts = firstPerChild(reports)
  const { rows } = await connection.run<{ name: string; child: string }>(report, [
    storedTexts(firsts.map(({ join }) => join)),
    storedTexts(firsts.map(({ child }) => child)),
    storedTexts(firsts.map(({ value }) => value)),
  ])
  connection.wrote(rows.length)
  const stored = new Set(rows.map(({ name, child }) => keyOf(fromStored(name), fromStored(child))))
  const asked = new Map(reports.map(({ join }) => [join, false]))
  for (const { name } of rows) asked.set(fromStored(name), true)
  // A child that is named again was not the first the second time.
  const added = reports.map(({ join, child }) => stored.delete(keyOf(join, child)))
  return inOrder(reports, added, await lookAt(connection, asked))
}

/** The first value per child wins, also within a call. */
function firstPerChild(reports: readonly JoinReport[]): readonly JoinReport[] {
  const firsts = new Map<string, JoinReport>()
  for (const one of reports) {
    const key = keyOf(one.join, one.child)
    if (!firsts.has(key)) firsts.set(key, one)
  }
  return [...firsts.values()]
}

/** Tells each report how it stood then, from how it stands after all of them. */
function inOrder(
  reports: readonly JoinReport[],
  added: readonly boolean[],
  known: ReadonlyMap<string, Known>,
): readonly JoinProgress[] {
  /** How many of a join's reports that count are yet to come, seen from the end of the list. */
  const later = new Map<string, number>()
  const answers: JoinProgress[] = []
  for (const [at, { join }] of [...reports.entries()].reverse()) {
    const state = known.get(join)
    const toCome = later.get(join) ?? 0
    const isAdded = added[at] ?? false
    const { done, total, complete } = standing(state)
    const isComplete = toCome === 0 && (isAdded ? (state?.won ?? false) : complete)
    answers.push({
      added: isAdded,
      done: Math.max(0, done - toCome),
      total,
      complete: isComplete,
    })
    if (isAdded) later.set(join, toCome + 1)
  }
  return answers.reverse()
}

function standing(known: Known | undefined): Omit<JoinProgress, 'added'> {
  if (!known) return { done: 0, total: 0, complete: false }
  const { done, total, sealed } = known
  return { done, total, complete: sealed && done === total }
}

async function lookAt(
  connection: Connection,
  joins: ReadonlyMap<string, boolean>,
): Promise<ReadonlyMap<string, Known>> {
  const { rows } = await connection.run<Known>(look, [storedTexts([...joins.keys()]), [...joins.values()]])
  return new Map(rows.map((known) => [fromStored(known.name), known]))
}

const joined: Sql = `SELECT c.place, c.child, c.value FROM @.children AS c
  WHERE c.parent = (SELECT id FROM @.joins WHERE namespace = $1 AND name = $2 AND expires > now())
    AND c.value IS NOT NULL AND c.place > $3 ORDER BY c.place LIMIT $4`

export async function pageOfJoined(
  connection: Connection,
  join: string,
  { cursor = '0', limit }: { readonly cursor?: string; readonly limit: number },
): Promise<CollectionPage> {
  const { rows } = await connection.run<{ place: number; child: string; value: string }>(joined, [
    toStored(join),
    Number(cursor),
    limit,
  ])
  const last = rows.at(-1)
  return {
    members: rows.map(({ child, value }) => ({ member: fromStored(child), value: fromStored(value) })),
    next: last && rows.length === limit ? String(last.place) : undefined,
  }
}

/** Tells (join, child) pairs apart. */
function keyOf(join: string, child: string): string {
  return `${join.length} ${join}${child}`
}
