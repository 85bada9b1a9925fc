// Takes a picture of every page, light and dark, at two widths: node -C @tq/source test/dashboard/screenshots.ts <folder>
// Those of the docs: for f in *.png; do cwebp -q 72 -m 6 $f -o docs/dashboard/${f%.png}.webp; done
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { appBrand, chain, chord, group } from '@tq/core'
import { listenForDashboard } from '@tq/dashboard'
import { redis } from '@tq/redis'
import type { Page } from 'playwright-core'
import { startBrowser } from '../../packages/dashboard/test/browser.ts'
import { openScene, type Scene } from '../../packages/dashboard/test/scene.ts'
import { startRedis } from '../services/redis.ts'

const folder = process.argv[2] ?? 'screenshots'
const only = process.argv[3]?.split(',')
mkdirSync(folder, { recursive: true })

const server = await startRedis()
const scene = await openScene({ adapters: [redis()], broker: server.url, namespace: `shots-${Date.now()}` })
const dashboard = await listenForDashboard(scene.app, {
  port: 0,
  environment: { label: 'staging', tone: 'warning' },
})
const browser = await startBrowser()
try {
  const found = await play(scene)
  const pages: Readonly<Record<string, string>> = {
    overview: '',
    'rate-limit': '',
    tasks: 'tasks',
    'task-failed': `task?id=${found.failed}`,
    'task-running': `task?id=${found.running}`,
    'task-waiting': `task?id=${found.nobody}`,
    run: 'run?task=image.resize',
    queues: 'queues',
    workers: 'workers',
    schedules: 'schedules',
    workflows: 'workflows',
    workflow: `workflow?id=${found.workflow}`,
    'workflow-failed': `workflow?id=${found.failedFlow}`,
    dead: 'dead?queue=default',
    audit: 'activity',
  }
  for (const scheme of ['light', 'dark'] as const) {
    for (const width of [1280, 390]) {
      const context = await browser.newContext({
        viewport: { width, height: width === 390 ? 844 : 800 },
        colorScheme: scheme,
      })
      const page = await context.newPage()
      page.on('console', (message) => {
        if (message.type() === 'error') console.log(`${message.text()}`)
      })
      page.on('pageerror', (error) => console.log(error.stack))
      for (const [name, path] of Object.entries(pages)) {
        if (only && !only.includes(name)) continue
        await page.goto(`${dashboard.url}${path}`)
        await page.waitForSelector('h1')
        await page.waitForSelector('.loading', { state: 'detached', timeout: 5_000 }).catch(() => undefined)
        await page.waitForSelector('.connection.live')
        await sleep(900)
        if (name === 'tasks' && width > 390) await select(page)
        if (name === 'rate-limit')
          await page.getByRole('heading', { name: 'Queues' }).scrollIntoViewIfNeeded()
        const height = (await page.evaluate('document.documentElement.scrollHeight')) as number
        const tall = width === 390 && name !== 'tasks' && name !== 'rate-limit' ? Math.min(height, 1_700) : 0
        await page.screenshot({
          path: join(folder, `${name}-${scheme}-${width}.png`),
          ...(tall > 844 ? { fullPage: true, clip: { x: 0, y: 0, width, height: tall } } : {}),
        })
      }
      await context.close()
    }
  }
} finally {
  await browser.close()
  await dashboard.close()
  await scene.end()
  await server.stop()
}
process.exit()

async function select(page: Page): Promise<void> {
  for (const at of [2, 3, 5]) await page.locator('.rows .task-line input').nth(at).check()
}

/** A day in the life of an application, in a few seconds. */
async function play({ app, tasks }: Scene) {
  await fillHour(app)
  const { send, charge, deliver, resize, hold, reject, one, two, sum } = tasks
  const flow = await chain(
    chord([chain(one.s(1), two.s()), two.s(2), two.s(3)], sum.s()),
    two.s(),
  ).applyAsync()
  await flow.get({ timeout: '10s' })
  const failedFlow = await chord(
    [two.s(2), two.s(3), charge.s({ invoice: 'A-7', amount: 12 }) as never],
    sum.s(),
  ).applyAsync()
  await group(Array.from({ length: 40 }, (_, at) => two.s(at))).applyAsync()
  const running = await hold.applyAsync({ report: 'sales-2026-11' }, { tags: ['nightly'] })
  const flowRunning = await chain(
    group([one.s(1), hold.s({ report: 'q4' }) as never, two.s(4)]),
    sum.s(),
    two.s(),
  ).applyAsync()
  await send.delayMany(
    Array.from({ length: 120 }, (_, at) => ({
      to: `user${at}@example.com`,
      template: 'welcome',
      password: 'x',
    })),
  )
  await resize.delayMany(
    Array.from({ length: 12 }, (_, at) => ({ file: `photos/${at}.jpg`, width: 640 + at })),
  )
  const failed = await charge.applyAsync(
    { invoice: 'B-1042', amount: 129, cardToken: 'x' },
    { tags: ['customer:8812'] },
  )
  for (let at = 0; at < 6; at++) await charge.delay({ invoice: `B-${1050 + at}`, amount: 10 * at })
  for (let at = 0; at < 3; at++) await reject.delay({ row: 17 + at })
  await deliver.delay({ url: 'https://hooks.example.com/orders' })
  await failed.get({ timeout: '10s' }).catch(() => undefined)
  const nobody = await send.applyAsync({ to: 'a@example.com', template: 'invoice' }, { queue: 'newsletter' })
  for (let at = 0; at < 37; at++)
    await send.applyAsync({ to: `b${at}@example.com`, template: 'news' }, { queue: 'newsletter' })
  await send.applyAsync({ to: 'late@example.com', template: 'reminder' }, { countdown: '2h' })
  await app.control.rateLimit('webhook.deliver', '10/m', { by: 'kim' })
  await app.control.pause('media', { by: 'kim', reason: 'the image store is being moved' })
  await resize.delayMany(Array.from({ length: 9 }, (_, at) => ({ file: `photos/x${at}.jpg`, width: 320 })))
  await app.control.revoke(
    (await send.applyAsync({ to: 'c@example.com', template: 'x' }, { countdown: '1h' })).id,
    { by: 'kim', reason: 'sent twice' },
  )
  await sleep(2_500)
  return {
    failed: failed.id,
    running: running.id,
    nobody: nobody.id,
    workflow: flowRunning.id,
    failedFlow: failedFlow.id,
  }
}

/** Counts of an hour that has passed. */
async function fillHour(app: Scene['app']): Promise<void> {
  const { backend } = await app[appBrand].runtime.connect()
  const minute = Math.floor(Date.now() / 60_000) * 60_000
  const shape: Readonly<Record<string, readonly [number, number, number]>> = {
    'email.send': [180, 0.002, 18],
    'image.resize': [60, 0.01, 30],
    'invoice.charge': [14, 0.12, 22],
    'search.index': [320, 0, 9],
    'report.build': [1, 0.02, 48],
  }
  for (let back = 60; back > 0; back--) {
    const fields: Record<string, number> = {}
    const wave = 1 + 0.5 * Math.sin(back / 9) + (back > 18 && back < 25 ? 0.9 : 0)
    for (const [name, [perMinute, fails, bucket]] of Object.entries(shape)) {
      const runs = Math.round(perMinute * wave * (0.85 + 0.3 * Math.random()))
      const failed = Math.round(
        runs * (back > 18 && back < 25 ? fails * 6 : fails) + Math.random() * fails * 3,
      )
      fields[`succeeded:${name}`] = runs - failed
      fields[`failed:${name}`] = failed
      fields[`ms:${name}`] = runs * 2 ** (bucket / 4)
      for (const [at, part] of [
        [-4, 0.2],
        [-1, 0.4],
        [2, 0.25],
        [5, 0.1],
        [9, 0.04],
        [13, 0.01],
      ] as const) {
        const count = Math.round(runs * part)
        const late = back > 18 && back < 25 ? 4 : 0
        if (count > 0) fields[`b${bucket + at + late + Math.round(Math.random() * 2)}:${name}`] = count
      }
    }
    await backend?.state.count(`counts:m:${minute - back * 60_000}`, fields, { ttlMs: 86_400_000 })
  }
}
