import { setTimeout as sleep } from 'node:timers/promises'
import { type Adapter, type AppOptions, createApp, type } from '@tq/core'
import type { Ledger } from './ledger.ts'

/** A task that takes its worker down each time, and one that lives beside it. */
export function poisonApp(options: AppOptions<undefined>, adapters: readonly Adapter[], ledger?: Ledger) {
  const app = createApp({ ...options, adapters })
  const poison = app.task({
    name: 'poison',
    run: (_, { id }) => {
      ledger?.note('start', id, '')
      process.kill(process.pid, 'SIGKILL')
    },
  })
  const neighbour = app.task({
    name: 'neighbour',
    input: type<{ ms: number }>(),
    run: async ({ ms }, { id }) => {
      ledger?.note('start', id, '')
      await sleep(ms)
    },
  })
  return { app, poison, neighbour }
}
