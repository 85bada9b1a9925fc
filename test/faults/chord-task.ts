import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Adapter, type AppOptions, createApp, type } from '@tq/core'
import type { Ledger } from './ledger.ts'

/** The app of the chord tests: children whose value is different on every run, and a body that says what it was given. */
export function chordApp(
  options: AppOptions<undefined>,
  adapters: readonly Adapter[],
  ledger: Ledger | undefined,
) {
  const app = createApp({ ...options, adapters })
  const child = app.task({
    name: 'chord.child',
    input: type<{ n: number; ms: number }>(),
    retry: { maxRetries: 0 },
    run: async ({ n, ms }) => {
      if (ms > 0) await sleep(ms)
      return { n, run: randomUUID() }
    },
  })
  const body = app.task({
    name: 'chord.body',
    input: type<readonly { n: number; run: string }[]>(),
    retry: { maxRetries: 0 },
    run: (children, { id }) => {
      ledger?.note('start', id, randomUUID())
      return children
    },
  })
  app.on('succeeded', ({ id, name }) => {
    if (name === 'chord.body') ledger?.note('commit', id, '')
  })
  return { app, child, body }
}
