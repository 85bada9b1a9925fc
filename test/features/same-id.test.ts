import { chord, group, type } from '@tq/core'
import { expect } from 'vitest'
import { feature, gate, type Stage, until } from './feature.ts'

/** A task that counts its runs and waits at a gate. */
function countingTask(stage: Stage) {
  const app = stage.app()
  const runs: string[] = []
  const { opened, open } = gate()
  const task = app.task({
    name: 'task',
    input: type<number>(),
    run: async (n, { id }) => {
      runs.push(id)
      await opened
      return n
    },
  })
  return { app, task, runs, open }
}

feature('same-id/waiting-or-running-or-ended-makes-no-second-task', { backend: true }, async (stage) => {
  const { app, task, runs, open } = countingTask(stage)
  const send = () => task.applyAsync(1, { taskId: 'mine' })
  for (let round = 0; round < 3; round++) await send()
  await stage.worker(app, { concurrency: 8 })
  await until(() => runs.length > 0)
  for (let round = 0; round < 3; round++) await send()
  const fence = await task.delay(2)
  await until(() => runs.includes(fence.id))
  open()
  expect(await app.result('mine').get({ timeout: '10s' })).toBe(1)
  await send()
  expect(await (await task.delay(3)).get({ timeout: '10s' })).toBe(3)
  expect(stage.runs(runs).filter((id) => id === 'mine')).toHaveLength(1)
})

feature('same-id/workflows-too', { backend: true }, async (stage) => {
  const { app, task, runs, open } = countingTask(stage)
  const sums: string[] = []
  const sum = app.task({
    name: 'sum',
    input: type<readonly number[]>(),
    run: (numbers, { id }) => {
      sums.push(id)
      return numbers.reduce((total, n) => total + n, 0)
    },
  })
  const flow = chord([task.s(1), task.s(2)], sum.s())
  for (let round = 0; round < 3; round++) await flow.applyAsync({ taskId: 'flow' })
  await stage.worker(app, { concurrency: 8 })
  await until(() => runs.length >= 2)
  for (let round = 0; round < 3; round++) await flow.applyAsync({ taskId: 'flow' })
  open()
  expect(await app.workflow('flow').get({ timeout: '10s' })).toBe(3)
  await flow.applyAsync({ taskId: 'flow' })
  expect(await (await group([task.s(5)]).delay()).get({ timeout: '10s' })).toEqual([5])
  expect(stage.runs(runs)).toHaveLength(3)
  expect(stage.runs(sums)).toHaveLength(1)
})
