import type { Sql } from '../statement.ts'

/** What a change came to, and what has to be done about it. */
export interface Changed<Outcome> {
  readonly outcome: Outcome
  /** Somebody watches state: it has to be told. */
  readonly watched: boolean
  readonly changes: number
}

/** Whether changes of state have to be notified. $1 namespace */
export const watched: Sql = `EXISTS (
  SELECT FROM @.watchers WHERE namespace = $1 AND kind = 'state' AND until > now())`
