import {
  type App,
  type AsyncResult,
  type Duration,
  defineTask,
  type Priority,
  type SendOptions,
} from '@tq/core'
import { duration, priorityLevel, queueName, taskId } from '../flags/checks.ts'
import { connectionFlags, timeoutFlag } from '../flags/common-flags.ts'
import { command } from '../flags/define.ts'
import type { Flags, Values } from '../flags/flag.ts'
import { usageError } from '../output/command-error.ts'
import { print, show } from '../output/print.ts'
import { withApp } from '../tasks/open-app.ts'
import { sendKnown } from '../tasks/send-known.ts'

const flags = {
  task: { type: 'positional', description: 'Name of the task', required: true },
  input: { type: 'positional', description: 'Its input as JSON' },
  queue: {
    type: 'string',
    description: "Instead of the task's queue, or of 'default' where no task file tells it",
    valueHint: 'name',
    check: queueName,
    env: 'TQ_QUEUE',
  },
  countdown: {
    type: 'string',
    description: 'Run not before',
    valueHint: 'duration',
    check: duration,
    env: 'TQ_COUNTDOWN',
  },
  priority: {
    type: 'string',
    description: '0 (last) to 9 (first)',
    valueHint: '0-9',
    check: priorityLevel,
    env: 'TQ_PRIORITY',
  },
  'task-id': {
    type: 'string',
    description: 'Your own id',
    valueHint: 'id',
    check: taskId,
    env: 'TQ_TASK_ID',
  },
  wait: { type: 'boolean', description: 'Wait for the result and print it', env: 'TQ_WAIT' },
  ...timeoutFlag,
  ...connectionFlags,
  app: {
    ...connectionFlags.app,
    description: 'Task file: tells the queue of the task, and its schema checks the input before it is sent',
  },
} as const satisfies Flags

export const call = command({
  name: 'call',
  description: 'Send a task',
  flags,
  async run(values) {
    const input = parseInput(values.input)
    const options = toSendOptions(values)
    await withApp(values, async (app) => {
      const result = await send(app, values, input, options)
      if (!values.wait) return print(values.json, { id: result.id, task: values.task }, () => result.id)
      const { timeout } = values
      const value = await result.get(timeout === undefined ? {} : { timeout: timeout as Duration })
      const answer = { id: result.id, task: values.task, state: 'SUCCESS', result: value }
      print(values.json, answer, () => show(value))
    })
  },
})

function send(
  app: App<unknown>,
  { task, app: files }: Values<typeof flags>,
  input: unknown,
  options: SendOptions,
): Promise<AsyncResult<unknown>> {
  if (files.length > 0) return sendKnown(app, task, input, options)
  // Only its name is known here: the worker checks the input.
  return app.send(defineTask({ name: task }), input as never, options)
}

function parseInput(text: string | undefined): unknown {
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch (error) {
    throw usageError(`tq call: the input is not JSON: ${(error as Error).message}. Quote it: '{"x":1}'`)
  }
}

function toSendOptions(values: Values<typeof flags>): SendOptions {
  const { queue, countdown, priority, 'task-id': taskId } = values
  return {
    ...(queue === undefined ? {} : { queue }),
    ...(countdown === undefined ? {} : { countdown: countdown as Duration }),
    ...(priority === undefined ? {} : { priority: Number(priority) as Priority }),
    ...(taskId === undefined ? {} : { taskId }),
  }
}
