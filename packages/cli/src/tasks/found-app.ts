import type { App, AppInternals, TaskHost } from '@tq/core'

/** What `findApp` finds is the app itself; its type in core says less. */
export type FoundApp = App<unknown> & AppInternals & TaskHost
