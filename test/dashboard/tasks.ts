// The task file of the worker that the browser steers. Only the environment says what it runs on.
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type App, chain, createApp, crontab, group, Reject, type } from '@tq/core'
import { z } from 'zod'

export const app = createApp()
defineTasks(app)

export function defineTasks(host: App<undefined>) {
  const greet = host.task({
    name: 'mail.greet',
    queue: 'mail',
    input: z.object({
      to: z.email().describe('Who gets it'),
      language: z.enum(['en', 'fr']).default('en'),
      copies: z.int().min(1).max(9).optional(),
    }),
    run: ({ to, language, copies = 1 }) => ({ said: language === 'fr' ? 'bonjour' : 'hello', to, copies }),
  })
  /** Fails until the file is there. */
  const charge = host.task({
    name: 'invoice.charge',
    input: type<{ invoice: string; file: string; cardToken?: string }>(),
    run: ({ invoice, file }, { log }) => {
      log.info('asking the bank', { invoice })
      if (!existsSync(file)) throw new Reject(`card of ${invoice} was declined`)
      return { paid: invoice }
    },
  })
  /** Runs until it is told to stop. */
  const build = host.task({
    name: 'report.build',
    input: type<{ report: string }>(),
    run: async ({ report }, context) => {
      context.progress(0.42, `page 42 of ${report}`)
      await sleep(600_000, undefined, { signal: context.signal })
    },
  })
  const pack = host.task({ name: 'order.pack', input: type<number>(), run: (n) => n })
  const ship = host.task({ name: 'order.ship', input: type<unknown[]>(), run: (all) => all.length })
  host.schedule(
    'digest',
    crontab({ month: 1, dayOfMonth: 1, hour: 3, minute: 0 }),
    greet.s({ to: 'all@example.com' }),
  )
  /** Three side by side, one of which fails until the file is there, and one after them. */
  const order = (file: string) =>
    chain(group([pack.s(1), charge.s({ invoice: 'C-9', file }), pack.s(2)]), ship.s())
  return { greet, charge, build, order }
}
