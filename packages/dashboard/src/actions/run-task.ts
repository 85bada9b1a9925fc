import { appBrand, type Duration, defineTask, type Priority, type SendOptions, type TaskHost } from '@tq/core'
import { type Action, type Body, numberOf, optionalText, textOf } from './action.ts'

/** Sends a task: checked by its schema where this process knows it, else by the worker. */
export const runTask: Action = {
  role: 'operate',
  async run({ app, visitor }, body) {
    const name = textOf(body, 'task')
    const options = optionsOf(body)
    const input = body['input']
    const definition = app[appBrand].runtime.registry.get(name)
    const host = app as typeof app & TaskHost
    const sent = definition
      ? await host.send<unknown>(definition, input, options)
      : await app.send(defineTask({ name }), input as never, options)
    await app.control.note('run task', name, { by: visitor.name, outcome: sent.id })
    return { id: sent.id }
  },
}

function optionsOf(body: Body): SendOptions {
  const queue = optionalText(body, 'queue')
  const countdown = optionalText(body, 'countdown')
  return {
    ...(queue === undefined ? {} : { queue }),
    // Core checks both.
    ...(countdown === undefined ? {} : { countdown: countdown as Duration }),
    ...(body['priority'] === undefined ? {} : { priority: numberOf(body, 'priority') as Priority }),
  }
}
