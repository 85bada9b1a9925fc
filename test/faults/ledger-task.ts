import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Adapter, type AppOptions, createApp, type } from '@tq/core'
import type { Ledger } from './ledger.ts'

/** The app of the fault tests: one task that writes down each of its runs, and says which run its result is of. */
export function ledgerApp(
  options: AppOptions<undefined>,
  adapters: readonly Adapter[],
  ledger: Ledger | undefined,
) {
  const runs = new Map<string, string>()
  const app = createApp({ ...options, adapters })
  const task = app.task({
    name: 'ledger.task',
    input: type<{ ms: number }>(),
    retry: { maxRetries: 0 },
    run: async ({ ms }, { id }) => {
      const run = randomUUID()
      ledger?.note('start', id, run)
      await sleep(ms)
      ledger?.note('end', id, run)
      runs.set(id, run)
      return { run }
    },
  })
  app.on('succeeded', ({ id }) => ledger?.note('commit', id, runs.get(id) ?? ''))
  return { app, task }
}
