import { checkNamespace, checkQueueName, checkTaskId } from '@tq/core/driver'
import { usageError } from '../output/command-error.ts'
import { milliseconds } from './convert.ts'
import type { Check } from './flag.ts'

export const duration: Check = (text, name) => void milliseconds(text, name)

export const queueName = byRule(checkQueueName)
export const taskId = byRule(checkTaskId)
export const namespace = byRule(checkNamespace)

/** `name` or `name:weight` */
export const weightedQueue: Check = (text, name) => {
  const [queue = '', weight = '1', ...more] = text.split(':')
  queueName(queue, name)
  if (!/^[1-9]\d*$/.test(weight) || more.length > 0)
    throw usageError(`${name} '${text}': after the colon comes a whole number of at least 1.`)
}

export const priorityLevel: Check = (text, name) => {
  if (!/^[0-9]$/.test(text)) throw usageError(`${name} '${text}' is not a whole number from 0 to 9.`)
}

export const time: Check = (text, name) => {
  if (Number.isNaN(Date.parse(text)))
    throw usageError(`${name} '${text}' is not a time. Write '2030-01-31T09:00:00Z'.`)
}

/** Core's own: what it refuses later would not be told as a wrong command line. */
function byRule(rule: (text: string) => unknown): Check {
  return (text, name) => {
    try {
      rule(text)
    } catch (error) {
      throw usageError(`${name}: ${(error as Error).message}`)
    }
  }
}
