// What `tq worker -A src/tasks.ts` runs.
import { type AsyncResult, crontab, Reject } from '@tq/core'
import { z } from 'zod'
import { app } from './app.ts'
import { domainOf, type Mail, mail, subscribers } from './mail.ts'

/** How fast a domain takes mail from us before it takes us for a spammer. */
export const perDomain = { limit: 5, per: '1s' } as const

/** Sends one mail. */
export const sendMail = app.task({
  name: 'mail.send',
  input: mail,
  queue: 'mail',
  // Each domain has a limit and a waiting line of its own: a slow one does not hold up the rest.
  rateLimit: { ...perDomain, key: ({ to }) => domainOf(to) },
  retry: { maxRetries: 5, backoff: { type: 'exponential', base: '200ms', max: '1h' } },
  timeLimit: '2m',
  run: async ({ to, subject, text }, ctx) => {
    // The same on every run of this task: a mail server that sees it twice can tell that it is one mail.
    const messageId = `<${ctx.idempotencyKey('message')}@mailer.example>`
    try {
      const { response } = await ctx.state.sendMail({ from, to, subject, text, messageId })
      return { to, messageId, response }
    } catch (error) {
      const { responseCode, message } = error as { responseCode?: number; message: string }
      // 4xx: come again later. 5xx: never.
      if (responseCode !== undefined && responseCode >= 500) throw new Reject(`${to}: ${message}`)
      throw error
    }
  },
})

/** The day's digest to all who want it: sends a task for each, so that one that fails is one that fails. */
export const sendDigest = app.task({
  name: 'mail.digest',
  input: z.object({ subscribers: z.array(z.email()) }),
  queue: 'mail',
  priority: 2,
  run: async ({ subscribers }) => {
    const day = new Date().toISOString().slice(0, 10)
    const once = `digest:${day}`
    for (const to of subscribers)
      await queueMail({ to, subject: `Digest of ${day}`, text: 'Nothing happened.' }, { once })
    return subscribers.map((to) => `${once}:${to}`)
  },
})

// Workers with --beat send it; each morning once, however many of them there are.
app.schedule('digest', crontab({ hour: 7, minute: 30 }), sendDigest.s({ subscribers }), {
  timeZone: 'Europe/Vienna',
})

/**
 * Queues a mail. With `once` it is queued once per address: also when two requests, or two runs of a task, ask for it.
 *
 * @param options.once What kind of mail this is, such as `welcome` or `digest:2026-11-26`.
 */
export async function queueMail(
  input: Mail,
  options: { readonly once?: string } = {},
): Promise<AsyncResult<unknown>> {
  if (options.once === undefined) return await sendMail.applyAsync(input, { priority: 6 })
  // Our own id rather than a unique key: it holds also when the mail was sent long ago.
  return await sendMail.applyAsync(input, { taskId: `${options.once}:${input.to}` })
}

/** Sends the mail of a form that impatient people submit more than once: one at a time per address. */
export async function queueResetLink(to: string): Promise<AsyncResult<unknown>> {
  const input = { to, subject: 'Your new password', text: 'Follow this link: https://example.com/reset' }
  return await sendMail.applyAsync(input, { priority: 9, uniqueKey: `reset:${to}` })
}

const from = '"Mailer" <mailer@mailer.example>'
