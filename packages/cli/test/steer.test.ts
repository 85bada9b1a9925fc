import { expect, test, vi } from 'vitest'
import { Project, taskFile } from './project.ts'

// Each command is a process of its own.
vi.setConfig({ testTimeout: 60_000 })

const create = () => {
  const project = new Project()
  project.write('tasks.ts', taskFile)
  return project
}

const startWorker = async (project: Project, words: readonly string[] = []) => {
  const worker = project.start(['worker', '-A', 'tasks.ts', '-n', 'one', '-c', '2', ...words])
  await worker.line('ready')
  return worker
}

test('inspect tells of workers, tasks and queues', async () => {
  const project = create()
  const none = await project.tq(['inspect', 'ping'])
  expect(none).toMatchObject({ code: 1, stdout: 'No worker is alive.\n' })
  const worker = await startWorker(project)
  expect(await project.tq(['inspect', 'ping'])).toEqual({ code: 0, stdout: 'one: pong\n', stderr: '' })
  const id = await project.send('hold')
  await worker.line('started')
  expect(await project.json(['inspect', 'active', '--to', 'one'])).toMatchObject([
    { worker: 'one', id, name: 'hold', queue: 'default', attempt: 0 },
  ])
  expect(await project.tq(['inspect', 'reserved'])).toMatchObject({ stdout: 'No task waits for a slot.\n' })
  // The only task is still running.
  expect((await project.tq(['inspect', 'stats'])).stdout).toMatch(
    /none has been counted yet: workers count every 2s/,
  )
  const { stdout } = await project.tq(['inspect', 'registered'])
  expect(stdout).toBe('one: add, bad, hold, mail\n')
  expect(await project.json(['inspect', 'conf'])).toMatchObject([
    { value: { concurrency: 2, namespace: 'tq' } },
  ])
  expect((await project.tq(['inspect', 'conf'])).stdout).toMatch(/"maxTasks": "unlimited"/)
  const later = await project.send('add', { x: 1, y: 2 }, { countdown: '1h' })
  expect(await project.json(['inspect', 'scheduled'])).toMatchObject([
    { id: later, dueAt: expect.any(String) },
  ])
  const queues = (await project.tq(['inspect', 'queues'])).stdout
  expect(queues).toMatch(/^QUEUE +READY +RUNNING +DELAYED +DEAD +WORKERS/)
  expect(queues).toMatch(/^default +0 +1 +1 +0 +1$/m)
})

test('control pauses and resumes a queue, and the audit log tells who did', async () => {
  const project = create()
  await startWorker(project)
  const paused = await project.tq(['control', 'pause', 'default', '--by', 'kim', '--reason', 'deploy'])
  expect(paused).toEqual({ code: 0, stdout: 'default is paused.\n', stderr: '' })
  const id = await project.send('add', { x: 1, y: 2 })
  expect((await project.tq(['inspect', 'queues'])).stdout).toMatch(/^default +1 .* paused by kim: deploy$/m)
  expect(await project.info(id)).toMatchObject({ state: 'PENDING' })
  expect((await project.tq(['control', 'resume', 'default'])).stdout).toBe('default is resumed.\n')
  expect((await project.tq(['control', 'resume', 'default'])).stdout).toBe('default was not paused.\n')
  expect(await project.app.result(id).get({ timeout: '10s' })).toBe(3)
  const { stdout } = await project.tq(['inspect', 'audit'])
  expect(stdout).toMatch(/ kim +pause +default +deploy$/m)
  expect(await project.json(['inspect', 'audit', '--limit', '1'])).toHaveLength(1)
})

test('control changes a task that waits', async () => {
  const project = create()
  const id = await project.send('add', { x: 1, y: 2 }, { countdown: '1h' })
  const moved = await project.tq(['control', 'reschedule', id, '--countdown', '2h'])
  expect(moved).toEqual({ code: 0, stdout: 'It runs in 2h.\n', stderr: '' })
  expect(await project.tq(['control', 'reschedule', id])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('give either --countdown or --eta'),
  })
  expect((await project.tq(['control', 'priority', id, '9'])).stdout).toBe('Its priority is 9.\n')
  expect(await project.tq(['control', 'priority', id, 'high'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("PRIORITY 'high'"),
  })
  await startWorker(project)
  expect((await project.tq(['control', 'promote', id])).stdout).toBe('It may run at once.\n')
  expect(await project.app.result(id).get({ timeout: '20s' })).toBe(3)
  expect(await project.tq(['control', 'promote', id])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('is SUCCESS'),
  })
})

test('control revokes and runs again', async () => {
  const project = create()
  await startWorker(project)
  const bad = await project.send('bad')
  await expect(project.app.result(bad).get({ timeout: '10s' })).rejects.toThrow('boom')
  expect((await project.tq(['control', 'retry', bad])).stdout).toBe('Sent again.\n')
  await expect(project.app.result(bad).get({ timeout: '10s' })).rejects.toThrow('boom')
  expect(await project.info(bad)).toMatchObject({ generation: 1 })
  const later = await project.send('add', { x: 1, y: 2 }, { countdown: '1h' })
  expect((await project.tq(['control', 'revoke', later, '--reason', 'wrong'])).stdout).toBe('Revoked.\n')
  expect(await project.info(later)).toMatchObject({ state: 'REVOKED', reason: 'wrong' })
  expect((await project.tq(['control', 'revoke', later])).stdout).toBe('It had ended already.\n')
  const unknown = await project.tq(['control', 'revoke', 'nobody'])
  expect(unknown).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('Nothing is known of task nobody'),
  })
  expect(await project.json(['inspect', 'stats'])).toMatchObject({})
})

test('control revokes and runs again all that match', async () => {
  const project = create()
  await startWorker(project)
  for (let n = 0; n < 3; n++) await project.send('add', { x: n, y: 2 }, { countdown: '1h', tags: ['wrong'] })
  const spared = await project.send('add', { x: 9, y: 2 }, { countdown: '1h' })
  expect((await project.tq(['control', 'revoke', '--task', 'ad*', '--tag', 'wrong'])).stdout).toBe(
    '3 of 3 revoked.\n',
  )
  expect(await project.info(spared)).toMatchObject({ state: 'PENDING' })
  const bad = await project.send('bad')
  await expect(project.app.result(bad).get({ timeout: '10s' })).rejects.toThrow('boom')
  expect(await project.json(['control', 'retry', '--queue', 'default'])).toMatchObject({
    done: 1,
    succeeded: 1,
  })
  for (const wrong of [[], [spared, '--tag', 'x'], ['--state', 'lost']])
    expect(await project.tq(['control', 'revoke', ...wrong])).toMatchObject({ code: 2 })
})

test('control scales a worker, gives it queues and stops it', async () => {
  const project = create()
  const worker = await startWorker(project, ['-Q', 'default'])
  expect((await project.tq(['control', 'concurrency', '5'])).stdout).toBe('one: 5 slots\n')
  expect((await project.tq(['control', 'concurrency', '1'])).stdout).toBe('one: 1 slot\n')
  const refused = await project.tq(['control', 'concurrency', '5000'])
  expect(refused).toMatchObject({ code: 1, stdout: expect.stringMatching(/^one: .*from 1 to \d+/) })
  expect(await project.tq(['control', 'concurrency', 'many'])).toMatchObject({ code: 2 })
  expect((await project.tq(['control', 'add-consumer', 'mail'])).stdout).toBe('one: takes from mail\n')
  const mail = await project.send('mail', undefined, { queue: 'mail' })
  expect(await project.app.result(mail).get({ timeout: '10s' })).toBe(worker.child.pid)
  expect((await project.tq(['control', 'cancel-consumer', 'mail'])).stdout).toBe(
    'one: takes no more from mail\n',
  )
  const rate = await project.tq(['control', 'rate-limit', 'add', '1/s'])
  expect(rate).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/^one: .*no task 'add' .*The rate is kept/),
  })
  expect((await project.tq(['inspect', 'rate-limits'])).stdout).toMatch(/^add +1\/s +nowhere/m)
  expect((await project.tq(['control', 'shutdown', '--to', 'one'])).stdout).toBe('one: stops\n')
  expect((await worker.exited).code).toBe(0)
  expect(await project.tq(['control', 'shutdown'])).toMatchObject({
    code: 1,
    stdout: 'No worker is alive.\n',
  })
})

test('events are shown as they happen, until it is stopped', async () => {
  const project = create()
  await startWorker(project)
  const tail = project.start(['events', '--json'])
  const ids: string[] = []
  // Until the worker has heard that somebody listens.
  const sending = setInterval(() => void project.send('bad').then((id) => ids.push(id)), 100)
  const lines: { type: string; id: string; worker: string }[] = []
  for await (const chunk of tail.child.stdout) {
    lines.push(
      ...String(chunk)
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    )
    if (lines.some(({ type }) => type === 'failed')) break
  }
  clearInterval(sending)
  const failed = lines.find(({ type }) => type === 'failed')
  expect(failed).toMatchObject({ worker: 'one', name: 'bad', error: { message: 'boom' } })
  expect(ids).toContain(failed?.id)
  tail.signal('SIGINT')
  expect((await tail.exited).code).toBe(0)
})
