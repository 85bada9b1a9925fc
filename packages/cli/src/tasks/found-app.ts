import type { App, AppInternals, Logger, TaskHost } from '@tq/core'

/** What `findApp` finds is the app itself; its type in core says less. `useLogger` came later: older copies lack it. */
export type FoundApp = App<unknown> & AppInternals & TaskHost & { useLogger?(logger: Logger): void }
