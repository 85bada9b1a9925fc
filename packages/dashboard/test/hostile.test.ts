import { createWorker, defineTask } from '@tq/core'
import { expect, test } from 'vitest'
import { until } from './harness.ts'
import { describePages } from './page-stage.ts'

describePages((stage) => {
  test('hostile texts in names, inputs, errors, tags, reasons and URLs stay texts', async () => {
    const hostile = [
      '<img src=x onerror=alert(1)>',
      '"><script>alert(1)</script>',
      "javascript:alert('1')",
      '{{constructor.constructor("alert(1)")()}}',
      '\u202Egnp.exe\u0000\u001b[31m</textarea><svg/onload=alert(1)>',
      '__proto__',
    ]
    const app = stage.scene.app
    const bad = app.task({
      name: 'hostile',
      queue: 'hostile',
      retry: { maxRetries: 0 },
      run: (_: unknown, { log }) => {
        for (const text of hostile) log.error(text, { [text]: text })
        const error = new Error(hostile.join('\n'))
        error.name = hostile[0] ?? ''
        error.stack = hostile.join('\n')
        throw error
      },
    })
    const worker = createWorker(app, {
      name: '<img src=x onerror=alert(2)>',
      queues: ['hostile'],
    })
    await worker.start()
    const sent = await bad.applyAsync(undefined as never, {
      tags: hostile.slice(0, 3).map((text) => text.slice(0, 40)),
      taskId: 'hostile-1',
    })
    await until(async () => (await sent.status()) === 'FAILURE')
    await app.control.pause('hostile', { by: hostile[1] ?? '', reason: hostile[0] ?? '' })
    const strange = await app.send(
      defineTask({ name: 'hostile.input' }),
      Object.fromEntries(hostile.slice(0, 5).map((text) => [text, text])) as never,
      { queue: 'mail' },
    )
    await until(async () => (await app.inspect.workers()).length === 3)
    const page = await stage.open('')
    const paths = [
      '',
      'tasks?name=hostile*',
      `task?id=${sent.id}`,
      `task?id=${strange.id}`,
      `task?id=${encodeURIComponent(hostile[0] ?? '')}`,
      `tasks?tag=${encodeURIComponent(hostile[1] ?? '')}&parent=${encodeURIComponent(hostile[0] ?? '')}`,
      'queues',
      'workers',
      'dead?queue=hostile',
      'activity',
      `workflow?id=${encodeURIComponent(hostile[1] ?? '')}`,
    ]
    for (const path of paths) {
      await stage.go(`${path}`)
      const injected = await page.evaluate(
        "document.querySelectorAll('img, script:not([type=module]), iframe, [onerror], [onload], textarea').length",
      )
      expect([path, injected]).toEqual([path, 0])
      const links = (await page.evaluate('[...document.links].map((link) => link.protocol)')) as string[]
      expect(new Set(links)).toEqual(new Set(['http:']))
    }
    await stage.go(`task?id=${sent.id}`)
    await page.getByText('<img src=x onerror=alert(1)>').first().waitFor()
    await app.control.resume('hostile')
    await worker.stop()
    // A task or a workflow nobody knows is answered with 404: the browser says so, rightly.
    stage.complaints = stage.complaints.filter((text) => !text.includes('404'))
  })
})
