// What the scripts beside this folder send. The schema is the contract: a worker refuses what does not fit it.
import { createApp } from '@tq/core'
import { z } from 'zod'

const app = createApp()

export const greet = app.task({
  name: 'polyglot.greet',
  input: z.object({ name: z.string().min(1), from: z.string() }),
  run: ({ name, from }, ctx) => ({
    text: `Hello ${name}, says ${from}.`,
    tenant: ctx.headers['tenant'] ?? null,
  }),
})
