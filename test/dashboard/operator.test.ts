import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type App, createApp } from '@tq/core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { missingBrowser, startBrowser } from '../../packages/dashboard/test/browser.ts'
import { until } from '../features/feature.ts'
import { type OpenPair, type Pair, pairs } from '../features/pairs.ts'
import { Program, taskFile } from './programs.ts'
import { defineTasks } from './tasks.ts'

// What an operator does at night, in a browser, with worker and dashboard as processes of `tq`: on each kind of broker.

const noBrowser = missingBrowser()
const chosen: ReadonlySet<string> = new Set(['redis', 'rabbitmq × sqlite', 'sqs × sqlite'])

/** Worker, dashboard, browser and an app that sends, on one pair. */
class Night {
  app!: App<undefined>
  tasks!: ReturnType<typeof defineTasks>
  page!: Page
  url = ''
  readonly folder = mkdtempSync(join(tmpdir(), 'tq-night-'))
  readonly complaints: string[] = []
  readonly #programs: Program[] = []
  #browser: Browser | undefined
  #open: OpenPair | undefined

  async start(pair: Pair): Promise<void> {
    this.#open = pair.open()
    const { broker, backend, namespace } = this.#open.options
    const environment = {
      TQ_BROKER_URL: String(broker),
      TQ_BACKEND_URL: typeof backend === 'string' ? backend : '',
      ...(namespace === undefined ? {} : { TQ_NAMESPACE: namespace }),
    }
    const worker = this.#run(['worker', '-A', taskFile, '--beat', '-n', 'night-1'], environment)
    const dashboard = this.#run(['dashboard', '--port', '0', '-A', taskFile], environment)
    this.app = createApp<undefined>({ ...this.#open.options, logger: silent })
    this.tasks = defineTasks(this.app)
    const [[url], browser] = await Promise.all([
      dashboard.said(/http:\/\/127\.0\.0\.1:\d+\//),
      startBrowser(),
      worker.said(/ready/),
    ])
    this.url = url
    this.#browser = browser
    this.page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage()
    this.page.setDefaultTimeout(20_000)
    this.page.on('pageerror', (error) => this.complaints.push(String(error)))
    this.page.on('console', (message) => {
      // What is refused on purpose, the browser tells as an error.
      if (message.type() === 'error' && !/400|501/.test(message.text())) this.complaints.push(message.text())
    })
  }

  async go(path: string): Promise<void> {
    await this.page.goto(`${this.url}${path}`)
    await this.page.waitForSelector('.connection.live')
  }

  async end(): Promise<void> {
    await this.#browser?.close()
    await Promise.all(this.#programs.map((program) => program.end()))
    await this.app?.close()
    this.#open?.close()
    rmSync(this.folder, { recursive: true, force: true })
  }

  #run(command: readonly string[], environment: Readonly<Record<string, string>>): Program {
    const program = new Program(command, environment)
    this.#programs.push(program)
    return program
  }
}

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

for (const pair of pairs.filter(({ name }) => chosen.has(name))) {
  const missing = noBrowser ?? pair.missing
  describe.skipIf(missing !== undefined)(`${pair.name}${missing ? ` (${missing})` : ''}`, () => {
    const night = new Night()
    beforeAll(() => night.start(pair))
    afterAll(async () => {
      await night.end()
      expect(night.complaints).toEqual([])
    })

    test('lists, filters; a failed task runs again by hand', async () => {
      const { tasks, folder } = night
      const file = join(folder, 'charged')
      const failed = await tasks.charge.applyAsync(
        { invoice: 'B-1042', file, cardToken: 'x' },
        { tags: ['vip'] },
      )
      await tasks.greet.delayMany(Array.from({ length: 30 }, (_, at) => ({ to: `u${at}@example.com` })))
      await until(async () => (await failed.status()) === 'FAILURE', 20_000)
      const { page } = night
      await night.go('tasks')
      const rows = page.locator('.rows-inside [role=row]')
      await page.getByRole('button', { name: /^Failed/ }).click()
      await page.getByRole('searchbox', { name: 'Tag' }).fill('vip')
      await page.waitForURL(/state=FAILURE&tag=vip/)
      await until(async () => (await rows.count()) === 1)
      await rows.getByRole('link', { name: 'invoice.charge' }).click()
      await page.getByText('card of B-1042 was declined').first().waitFor()
      await page.getByText('redacted').waitFor()
      await page.getByText('asking the bank').last().waitFor()
      writeFileSync(file, '')
      await page.getByRole('button', { name: 'Retry' }).click()
      await page.locator('.page-head .badge.state-SUCCESS').waitFor()
      expect(await failed.get()).toEqual({ paid: 'B-1042' })
    })

    test('a running task is revoked', async () => {
      const running = await night.tasks.build.delay({ report: 'sales' })
      const { page } = night
      await night.go(`task?id=${running.id}`)
      await page.getByText('42 % · page 42 of sales').waitFor()
      await page.getByRole('button', { name: 'Revoke' }).click()
      await page.getByLabel('Why (kept with the task)').fill('wrong quarter')
      await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
      await page.locator('.page-head .badge.state-REVOKED').waitFor()
      expect(await running.info()).toMatchObject({ state: 'REVOKED', reason: 'wrong quarter' })
      // It has stopped, too: its slot is free.
      await until(async () => (await night.app.inspect.workers()).every((worker) => worker.running === 0))
    })

    test('a queue is paused and resumed; a task sent by form says why it waits, and then runs', async () => {
      const { page } = night
      await night.go('queues')
      await page.getByRole('button', { name: 'Pause queue mail' }).click()
      await page.getByLabel('Why (others see it)').fill('moving')
      await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click()
      await page.getByText(/Paused by local user.*: moving/).waitFor()
      await night.go('run?task=mail.greet')
      await page.getByLabel('to', { exact: true }).fill('nobody')
      await page.getByRole('button', { name: 'Run', exact: true }).click()
      await page.getByText(/does not fit its schema/).waitFor()
      await page.getByLabel('to', { exact: true }).fill('ada@example.com')
      await page.getByLabel('language optional').selectOption('fr')
      await page.getByRole('button', { name: 'Run', exact: true }).click()
      await page.getByText("Queue 'mail' is paused by local user").waitFor()
      const id = new URL(page.url()).searchParams.get('id') ?? ''
      await night.go('queues')
      await page.getByRole('button', { name: 'Resume queue mail' }).click()
      expect(await night.app.result(id).get({ timeout: '20s' })).toEqual({
        said: 'bonjour',
        to: 'ada@example.com',
        copies: 1,
      })
    })

    test('a task that waits is run now, or it is said that it cannot be', async () => {
      const { page, tasks } = night
      const late = await tasks.greet.applyAsync({ to: 'late@example.com' }, { countdown: '1h' })
      await night.go(`task?id=${late.id}`)
      const runNow = page.getByRole('button', { name: 'Run now' })
      if (pair.name === 'redis') {
        await runNow.click()
        await page.locator('.page-head .badge.state-SUCCESS').waitFor()
        return
      }
      await page.getByText('cannot change a task that waits: revoke it and send it anew').waitFor()
      expect(await runNow.count()).toBe(0)
      expect(await late.status()).toBe('PENDING')
      await late.revoke()
    })

    test('a schedule is run now', async () => {
      const { page, app } = night
      await night.go('schedules')
      await page.getByRole('button', { name: 'Run now: digest' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Run now' }).click()
      await page.getByText("'digest' was sent").waitFor()
      await until(
        async () => (await app.history.list({ id: 'digest@' })).tasks[0]?.state === 'SUCCESS',
        20_000,
      )
    })

    test('a failed workflow goes on from the node that failed', async () => {
      const { page, folder, tasks } = night
      const file = join(folder, 'shipped')
      const order = await tasks.order(file).applyAsync()
      await night.go(`workflow?id=${order.id}`)
      await page.locator('.page-head .badge.state-FAILURE').waitFor()
      writeFileSync(file, '')
      await page.getByRole('button', { name: 'Run invoice.charge again' }).click()
      await page.locator('.page-head .badge.state-SUCCESS').waitFor()
      expect(await order.get()).toBe(3)
    })

    test('who did what is in the audit log', async () => {
      const { page } = night
      await night.go('activity')
      for (const action of ['retry', 'revoke', 'pause', 'run task', 'resume', 'run schedule now'])
        await page.getByRole('cell', { name: action, exact: true }).first().waitFor()
    })
  })
}
