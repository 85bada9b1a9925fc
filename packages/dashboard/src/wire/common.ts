/*
 * What the API says, as JSON; these files import nothing else, so that the page's code can share them. Times are milliseconds
 * since 1970, lengths of time milliseconds.
 */

export type Role = 'view' | 'operate' | 'admin'

/** Why something could not be shown or done. */
export interface Problem {
  readonly code: string
  readonly message: string
  /** What to do about it. */
  readonly fix?: string
}

export interface Session {
  readonly user: string
  readonly role: Role
  readonly environment?: { readonly label: string; readonly tone: 'neutral' | 'warning' | 'danger' }
  readonly version: string
  readonly broker: string
  readonly backend: string | null
  /** Whether a task that waits in its queue can be put off, put before others, or run now. */
  readonly changesQueued: boolean
}

export interface Page<Item> {
  readonly items: readonly Item[]
  readonly next: string | null
}

/** A change of something that is looked at. */
export interface LiveMessage {
  /** What was asked for. */
  readonly get: string
  readonly data?: unknown
  readonly problem?: Problem
}
