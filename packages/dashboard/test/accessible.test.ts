import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { group } from '@tq/core'
import { beforeAll, expect, test } from 'vitest'
import { until } from './harness.ts'
import { describePages } from './page-stage.ts'

const checker = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const violationsOf = (
  options: string,
) => `axe.run(${options}).then(({ violations }) => violations.map(({ id, nodes }) =>
  id + ': ' + nodes.slice(0, 3).map(({ html, failureSummary }) => html + ' ' + failureSummary).join('; ')))`
const all = violationsOf('{}')
/** What can differ when only colours do. */
const ofColours = violationsOf("{ runOnly: ['color-contrast'] }")
const tooWide = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'

describePages((stage) => {
  const pages = [
    '',
    'tasks',
    'queues',
    'workers',
    'schedules',
    'workflows',
    'dead',
    'activity',
    'run?task=image.resize',
    'run?task=order.check',
  ]

  // Something of everything.
  beforeAll(async () => {
    const { app, tasks } = stage.scene
    const { charge, hold, send, deliver, two } = tasks
    const failed = await charge.applyAsync({ invoice: 'A', amount: 1 }, { tags: ['a tag'] })
    const running = await hold.delay({ report: 'r' })
    const retried = await deliver.delay({ url: 'https://hooks.example.com' })
    await send.applyAsync({ to: 'x@example.com', template: 'y' }, { countdown: '1h' })
    const lost = await send.applyAsync({ to: 'x@example.com', template: 'y' }, { queue: 'nobody' })
    const whole = await group([two.s(1), two.s(2)]).applyAsync()
    await until(async () => (await failed.status()) === 'FAILURE')
    await until(async () => (await running.status()) === 'STARTED' && (await retried.status()) === 'RETRY')
    await until(async () => (await whole.status()) === 'SUCCESS')
    await app.control.pause('media', { by: 'kim', reason: 'moving' })
    pages.push(
      ...[failed, running, retried, lost].map(({ id }) => `task?id=${id}`),
      `workflow?id=${whole.id}`,
    )
  })

  test('nothing is wrong for those who see or steer differently: light, dark, on a small screen', async () => {
    const page = await stage.open('')
    const check = async (what: string) => {
      // Past the policy, which would not let it in as a script.
      await page.evaluate(checker)
      const found: Record<string, unknown> = {}
      await page.setViewportSize({ width: 1280, height: 800 })
      await page.emulateMedia({ colorScheme: 'light' })
      found['light'] = await page.evaluate(all)
      await page.emulateMedia({ colorScheme: 'dark' })
      found['dark'] = await page.evaluate(ofColours)
      await page.setViewportSize({ width: 390, height: 844 })
      found['small'] = await page.evaluate(all)
      found['too wide'] = await page.evaluate(tooWide)
      expect([what, found]).toEqual([what, { light: [], dark: [], small: [], 'too wide': 0 }])
    }
    for (const path of pages) {
      await stage.go(path)
      await check(path)
    }
    await stage.go('tasks')
    await page.setViewportSize({ width: 1280, height: 800 })
    await stage.rows.first().getByRole('checkbox').check()
    await page.getByText('1 selected').waitFor()
    await check('tasks, one selected')
    await stage.go('queues')
    await page.getByRole('button', { name: 'Purge queue default' }).click()
    await page.getByRole('dialog').waitFor()
    await check('a question')
    await stage.go('')
    await page.getByRole('button', { name: 'Change the rate limit of webhook.deliver' }).click()
    await page.getByLabel('At most').fill('fast')
    await page.getByRole('button', { name: 'Set' }).click()
    await page.getByRole('alert').waitFor()
    await check('a question, and a wrong answer')
    // Sixteen pages, three times each: long on a busy machine.
  }, 120_000)
})
