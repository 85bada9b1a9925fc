import { setTimeout as sleep } from 'node:timers/promises'
import { beat } from '@tq/beat'
import {
  type App,
  type AppOptions,
  chain,
  createApp,
  createWorker,
  crontab,
  every,
  Reject,
  type,
  type Worker,
} from '@tq/core'
import { z } from 'zod'

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

export interface Scene {
  readonly app: App<undefined>
  readonly workers: readonly Worker[]
  readonly tasks: Tasks
  /** Lets go of what `hold` holds. */
  release(): void
  end(): Promise<void>
}

type Tasks = ReturnType<typeof defineTasks>

/** An app with tasks of every kind, and two workers. What it is on, the options say. */
export async function openScene(options: AppOptions<undefined>, workers = 2): Promise<Scene> {
  const app = createApp<undefined>({ logger: silent, beat, timeZone: 'Europe/Paris', ...options })
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const tasks = defineTasks(app, held)
  const names = ['mail-7f9c', 'media-2b41']
  const started = names.slice(0, workers).map((name, at) =>
    createWorker(app, {
      name,
      concurrency: at === 0 ? 8 : 4,
      // One of them sends what is scheduled, too.
      beat: at === 0,
      queues: at === 0 ? ['default', 'mail'] : ['default', 'media'],
    }),
  )
  await Promise.all(started.map((worker) => worker.start()))
  return {
    app,
    workers: started,
    tasks,
    release,
    async end() {
      release()
      await Promise.all(started.map((worker) => worker.stop({ grace: '2s' })))
      await app.close()
    },
  }
}

function defineTasks(app: App<undefined>, held: Promise<void>) {
  const send = app.task({
    name: 'email.send',
    queue: 'mail',
    input: type<{ to: string; template: string; password?: string }>(),
    run: async ({ to }, { log }) => {
      log.info('connected', { server: 'smtp-2' })
      await sleep(5 + Math.random() * 60)
      return { messageId: `<${to}>` }
    },
  })
  const charge = app.task({
    name: 'invoice.charge',
    input: type<{ invoice: string; amount: number; cardToken?: string }>(),
    retry: { maxRetries: 2, backoff: { type: 'fixed', base: '20ms' } },
    run: async ({ invoice }, { log, attempt }) => {
      log.info('asking the bank', { invoice, attempt })
      await sleep(20)
      log.warn('the bank answered 402')
      throw from(
        'invoice.ts:42:11',
        new TypeError(`card of invoice ${invoice} was declined: insufficient funds`),
      )
    },
  })
  const deliver = app.task({
    name: 'webhook.deliver',
    input: type<{ url: string }>(),
    rateLimit: '100/m',
    retry: { maxRetries: 5, backoff: { type: 'fixed', base: '10m' } },
    run: async ({ url }) => {
      throw from('webhook.ts:17:9', new Error(`connect ECONNREFUSED ${url}`))
    },
  })
  const resize = app.task({
    name: 'image.resize',
    queue: 'media',
    input: z.object({
      file: z.string().describe('Path in the image store'),
      width: z.int().min(1).max(8_000),
      format: z.enum(['jpg', 'webp', 'avif']).default('webp'),
      crop: z.object({ x: z.number(), y: z.number() }).optional(),
      keepOriginal: z.boolean().optional(),
    }),
    run: async ({ width }, context) => {
      context.progress(0.5, 'decoded')
      await sleep(30 + Math.random() * 200)
      return { width }
    },
  })
  const hold = app.task({
    name: 'report.build',
    input: type<{ report: string }>(),
    run: async ({ report }, context) => {
      const { log, signal } = context
      log.info('reading rows', { report })
      context.progress(0.42, 'page 42 of 100')
      const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
      await Promise.race([held, stopped])
      signal.throwIfAborted()
      return { report, pages: 100 }
    },
  })
  const reject = app.task({
    name: 'user.import',
    input: type<{ row: number }>(),
    rateLimit: { limit: 500, per: '10s', key: ({ row }) => `sheet ${row % 2}` },
    run: ({ row }) => {
      throw from('user.ts:9:13', new Reject(`row ${row} has no e-mail address`))
    },
  })
  const one = app.task({ name: 'order.check', input: type<number>(), run: (n) => n })
  const two = app.task({ name: 'order.reserve', input: type<number>(), run: (n) => n + 1 })
  const sum = app.task({ name: 'order.confirm', input: type<number[]>(), run: (all) => all.length })
  app.schedule(
    'digest.daily',
    crontab({ hour: 9, minute: 0 }),
    send.s({ to: 'all@example.com', template: 'digest' }),
  )
  app.schedule('index.refresh', every('5m'), one.s(1))
  app.schedule('orders.close', crontab({ dayOfMonth: 1, hour: 3, minute: 30 }), chain(one.s(1), two.s()), {
    overlap: 'skip',
  })
  return { send, charge, deliver, resize, hold, reject, one, two, sum }
}

/** With the stack of an application instead of ours. */
function from<E extends Error>(place: string, error: E): E {
  error.stack = `${error.name}: ${error.message}\n    at run (file:///app/src/tasks/${place})\n    at async attempt (file:///app/node_modules/@tq/core/dist/index.js:1204:19)`
  return error
}
