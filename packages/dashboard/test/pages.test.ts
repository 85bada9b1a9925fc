import { expect, test } from 'vitest'
import { listenForDashboard } from '../src/index.ts'
import { until } from './harness.ts'
import { describePages } from './page-stage.ts'

describePages((stage) => {
  test('a failed task is found, looked at and run again by hand', async () => {
    const { charge, send } = stage.scene.tasks
    const failed = await charge.applyAsync(
      { invoice: 'B-1042', amount: 129, cardToken: 'x' },
      { tags: ['mine'] },
    )
    await send.delayMany(
      Array.from({ length: 60 }, (_, at) => ({ to: `u${at}@example.com`, template: 'news' })),
    )
    await until(async () => (await failed.status()) === 'FAILURE')
    const page = await stage.open('tasks')
    await page.getByRole('button', { name: /^Failed/ }).click()
    await page.getByRole('searchbox', { name: 'Tag' }).fill('mine')
    await page.waitForURL(/state=FAILURE&tag=mine/)
    await until(async () => (await stage.rows.count()) === 1)
    expect(await stage.rows.textContent()).toContain('card of invoice B-1042 was declined')
    // What was chosen is in the URL: a reload shows the same.
    await page.reload()
    await until(async () => (await stage.rows.count()) === 1)
    await stage.rows.getByRole('link', { name: 'invoice.charge' }).click()
    await page.getByRole('heading', { name: 'invoice.charge', level: 1 }).waitFor()
    await page.getByText('insufficient funds').first().waitFor()
    expect(await page.locator('.timeline').textContent()).toMatch(
      /Sent[\s\S]*Started[\s\S]*Failed, retrying[\s\S]*Failed/,
    )
    expect(await page.locator('.json').first().textContent()).toContain('redacted')
    await page.getByRole('button', { name: 'Retry' }).click()
    await page.getByText('invoice.charge runs again').waitFor()
    await until(async () => ((await failed.info())?.generation ?? 0) === 1)
    const [entry] = await stage.scene.app.inspect.audit({ limit: 1 })
    expect(entry).toMatchObject({ by: 'local user', action: 'retry', target: failed.id })
  })

  test('a running task is stopped, and its page shows it as it happens', async () => {
    const running = await stage.scene.tasks.hold.delay({ report: 'sales' })
    await until(async () => (await running.status()) === 'STARTED')
    const page = await stage.open(`task?id=${running.id}`)
    await page.getByText('42 % · page 42 of 100').waitFor()
    await page.getByRole('button', { name: 'Revoke' }).click()
    await page.getByLabel('Why (kept with the task)').fill('wrong quarter')
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
    await page.locator('.page-head .badge.state-REVOKED').waitFor()
    await page.getByText('wrong quarter').waitFor()
    expect(await running.info()).toMatchObject({ state: 'REVOKED', reason: 'wrong quarter' })
  })

  test('a queue is paused: tasks wait and say why, and run when it is resumed', async () => {
    const page = await stage.open('queues')
    await page.getByRole('button', { name: 'Pause queue media' }).click()
    await page.getByLabel('Why (others see it)').fill('moving')
    await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click()
    await page.getByText(/Paused by local user.*: moving/).waitFor()
    const waiting = await stage.scene.tasks.resize.delay({ file: 'a.jpg', width: 10 })
    await stage.go(`task?id=${waiting.id}`)
    await page.getByText("Queue 'media' is paused by local user").waitFor()
    await stage.go('queues')
    await page.getByRole('button', { name: 'Resume queue media' }).click()
    expect(await waiting.get({ timeout: '10s' })).toEqual({ width: 10 })
    await page.getByRole('button', { name: 'Pause queue media' }).waitFor()
  })

  test('all that match: selected, revoked in the background, told how far', async () => {
    await stage.scene.tasks.send.delayMany(
      Array.from({ length: 230 }, (_, at) => ({ to: `l${at}@example.com`, template: 'late' })),
      { countdown: '1h', queue: 'later' },
    )
    const page = await stage.open('tasks?queue=later&state=PENDING')
    await until(async () => (await stage.rows.count()) > 10)
    // Only those in view are there, and the rest comes as one scrolls.
    expect(await stage.rows.count()).toBeLessThan(60)
    await page.locator('.rows').evaluate((element) => element.scrollTo(0, 4_000))
    await until(async () => Number(await page.locator('.rows').getAttribute('aria-rowcount')) > 100)
    await page.locator('.rows').evaluate((element) => element.scrollTo(0, 0))
    await stage.rows.first().getByRole('checkbox').check()
    await page.getByRole('button', { name: /Select all 230 that match/ }).click()
    await page.getByRole('button', { name: 'Revoke', exact: true }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
    await page.getByText('Done 230 revoked').waitFor({ timeout: 20_000 })
    await until(async () => (await stage.scene.app.history.counts({ queue: 'later' })).states.REVOKED === 230)
    await page.getByText('No task matches.').waitFor()
  })

  test('a schedule is run now, and paused', async () => {
    const page = await stage.open('schedules')
    const { app } = stage.scene
    await until(async () => (await app.schedules.list()).every(({ state }) => state === 'active'))
    await page.getByRole('button', { name: 'Run now: digest.daily' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Run now' }).click()
    await page.getByText("'digest.daily' was sent").waitFor()
    await until(async () => {
      const { tasks } = await app.history.list({ id: 'digest.daily@' })
      return tasks[0]?.state === 'SUCCESS'
    })
    await page.getByRole('button', { name: 'Pause digest.daily' }).click()
    await page.getByRole('button', { name: 'Resume digest.daily' }).click()
    await page.getByRole('button', { name: 'Pause digest.daily' }).waitFor()
    expect(
      (await app.inspect.audit({ limit: 3 })).map(({ by, action, target }) => [by, action, target]),
    ).toEqual([
      ['local user', 'resume schedule', 'digest.daily'],
      ['local user', 'pause schedule', 'digest.daily'],
      ['local user', 'run schedule now', 'digest.daily'],
    ])
  })

  test('a rate is changed and taken back; what is none stays in the form, with the reason', async () => {
    const page = await stage.open('')
    const { app } = stage.scene
    const row = page.getByRole('row', { name: /webhook\.deliver.*100\/m/ })
    await page.getByRole('button', { name: 'Change the rate limit of webhook.deliver' }).click()
    const form = page.getByRole('dialog', { name: "Rate limit of 'webhook.deliver'" })
    const set = form.getByRole('button', { name: 'Set' })
    await form.getByLabel('At most').fill('fast')
    await set.click()
    await form.getByText('A whole number per s, m, h or d').waitFor()
    // Looks like a rate: what the server has against it is shown as it is.
    await form.getByLabel('At most').fill(`${'9'.repeat(20)}/m`)
    await set.click()
    await form.getByRole('alert').getByText('is not a whole number of at least 1.').waitFor()
    await form.getByLabel('At most').fill('10/m')
    await set.click()
    await page.getByText('webhook.deliver: at most 10/m').waitFor()
    await form.waitFor({ state: 'detached' })
    await row.getByText('changed').waitFor()
    await page.getByRole('button', { name: 'Rate limit of webhook.deliver as defined' }).click()
    await row.getByText('changed').waitFor({ state: 'detached' })
    const entries = await app.inspect.audit({ limit: 2 })
    expect(entries.map(({ by, action }) => [by, action])).toEqual([
      ['local user', 'rate-limit webhook.deliver as defined'],
      ['local user', 'rate-limit webhook.deliver 10/m'],
    ])
    stage.complaints = stage.complaints.filter((text) => !text.includes('400'))
  })

  test('a task that waits is put off, put before others, and run now', async () => {
    const late = await stage.scene.tasks.send.applyAsync(
      { to: 'late@example.com', template: 'reminder' },
      { countdown: '2h' },
    )
    const page = await stage.open(`task?id=${late.id}`)
    const form = page.getByRole('dialog')
    await page.getByRole('button', { name: 'Reschedule…' }).click()
    await form.getByLabel('When').fill('some day')
    await form.getByRole('button', { name: 'Reschedule' }).click()
    await form.getByText('Not understood.').waitFor()
    await form.getByLabel('When').fill('5h')
    await form.getByText(', in 5 h.').waitFor()
    await form.getByRole('button', { name: 'Reschedule' }).click()
    await page.getByText('email.send is rescheduled').waitFor()
    const { dueAt } = (await stage.scene.app.history.get(late.id)) ?? {}
    expect(dueAt?.getTime()).toBeGreaterThan(Date.now() + 4 * 3_600_000)
    await page.getByRole('button', { name: 'Priority…' }).click()
    await form.getByLabel('Priority').selectOption('9')
    await form.getByRole('button', { name: 'Set' }).click()
    await page.getByText('email.send has priority 9').waitFor()
    await page.getByRole('button', { name: 'Run now' }).click()
    await page.getByText('email.send may run at once').waitFor()
    await page.locator('.page-head .badge.state-SUCCESS').waitFor()
    // It has ended: nothing of this can be done any more.
    await page.getByRole('button', { name: 'Reschedule…' }).waitFor({ state: 'detached' })
  })

  test('keys: to the pages, through the list, into a task', async () => {
    const page = await stage.open('')
    await page.keyboard.press('g')
    await page.keyboard.press('t')
    await page.waitForURL(/\/tasks$/)
    await stage.rows.first().waitFor()
    for (const key of ['j', 'j', 'x']) await page.keyboard.press(key)
    await page.getByText('1 selected').waitFor()
    await page.keyboard.press('Escape')
    await page.getByText('1 selected').waitFor({ state: 'detached' })
    await page.keyboard.press('/')
    expect(await page.evaluate('document.activeElement.id')).toBe('search')
    await page.keyboard.press('Escape')
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/task\?id=/)
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
    await page.keyboard.press('Escape')
  })

  test('what is wrong is said, with what to do, and it goes on by itself', async () => {
    const page = await stage.open('task?id=nobody')
    await page.getByText("Nothing is known of task 'nobody'").waitFor()
    await page.getByRole('link', { name: 'All tasks' }).click()
    await page.waitForURL(/\/tasks$/)
    // The dashboard itself is away for a while.
    const second = await listenForDashboard(stage.scene.app, { port: 0 })
    const port = Number(new URL(second.url).port)
    await page.goto(`${second.url}workers`)
    await page.waitForSelector('.connection.live')
    await second.close()
    await page.getByText('offline').waitFor()
    const third = await listenForDashboard(stage.scene.app, { port })
    await page.waitForSelector('.connection.live', { timeout: 15_000 })
    await page.context().close()
    await third.close()
    stage.complaints = stage.complaints.filter(
      (text) => !/404|ERR_CONNECTION|ERR_INCOMPLETE|ERR_EMPTY/.test(text),
    )
  })
})
