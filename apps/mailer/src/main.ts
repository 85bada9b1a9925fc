// Mails to a mail server of our own, by worker processes: `node src/main.ts`. TQ_BROKER_URL chooses the broker; without
// it, a SQLite file in a temporary folder. With memory: the worker is in this process.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AsyncResult, TaskFailure } from '@tq/core'
import { SmtpSink } from './smtp-sink.ts'

const domains = ['a.example', 'b.example', 'c.example']
const perDomain = 10
const deadline = { timeout: '60s' } as const

const directory = await mkdtemp(join(tmpdir(), 'tq-mailer-'))
const sink = new SmtpSink()
process.env['SMTP_URL'] = await sink.start()
process.env['TQ_BROKER_URL'] ||= `sqlite:${join(directory, 'queue.db')}`
// On a broker that others use too, their queues are not touched.
process.env['TQ_NAMESPACE'] ||= 'mailer-demo'

// The app reads the environment when it is made.
const { app } = await import('./app.ts')
const { queueMail, queueResetLink } = await import('./tasks.ts')
const { startWorkers } = await import('./start-workers.ts')
const stopWorkers = await startWorkers(2)
try {
  const sent: AsyncResult<unknown>[] = []
  for (const domain of domains) {
    for (let number = 0; number < perDomain; number++)
      sent.push(await queueMail({ to: `${number}-user@${domain}`, subject: 'News', text: 'There are none.' }))
  }
  for (const to of ['nobody@a.example', 'greylisted@b.example'])
    sent.push(await queueMail({ to, subject: 'News', text: 'There are none.' }))
  // Asked for twice, one mail each.
  const welcome = { to: 'new@d.example', subject: 'Welcome', text: 'Hello.' }
  for (let time = 0; time < 2; time++) sent.push(await queueMail(welcome, { once: 'welcome' }))
  // At the same moment: a unique key is free again when its task has ended.
  const impatient = 'impatient@e.example'
  sent.push(...(await Promise.all([queueResetLink(impatient), queueResetLink(impatient)])))
  // What the schedule sends each morning, now.
  const digest = await (await app.schedules.runNow('digest')).get(deadline)
  for (const id of digest as string[]) sent.push(app.result(id))

  const ids = [...new Set(sent.map(({ id }) => id))]
  const refused = (await Promise.all(ids.map(outcome))).filter((reason) => reason !== undefined)
  console.log(`refused: ${refused.join('; ')}`)
  for (const domain of domains) console.log(`${domain}: ${await spread(ids, domain)}`)
  const twice = sink.arrived.length - new Set(sink.arrived.map(({ messageId }) => messageId)).size
  console.log(
    `mailer: ${sent.length} asked for, ${ids.length} queued, ${sink.arrived.length} arrived, ${refused.length} refused, ${twice} twice`,
  )
} finally {
  await stopWorkers()
  await app.close()
  await sink.stop()
  await rm(directory, { recursive: true, force: true })
}

/** Undefined, or why it was refused. */
async function outcome(id: string): Promise<string | undefined> {
  try {
    await app.result(id).get(deadline)
    return undefined
  } catch (error) {
    if (error instanceof TaskFailure) return error.error.message
    throw error
  }
}

/** How the mails of a domain went out: the rate limit at work. */
async function spread(ids: readonly string[], domain: string): Promise<string> {
  const starts: number[] = []
  for (const id of ids) {
    const info = await app.result<{ readonly to: string }>(id).info()
    if (info?.startedAt && info.result?.to.endsWith(`user@${domain}`)) starts.push(info.startedAt.getTime())
  }
  return `${starts.length} mails within ${Math.max(...starts) - Math.min(...starts)} ms`
}
