import { TqError } from '../errors/tq-error.ts'

// One rule for every broker: the narrowest service (SQS) decides what a queue may be called, so that a name
// that works on one broker works on all.
const queuePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/
const taskPattern = /^[\p{L}\p{N}_][\p{L}\p{N}_.:/@-]{0,199}$/u
const idPattern = /^[\x21-\x7e]{1,200}$/

const refuse = (kind: string, value: unknown, rule: string): never => {
  const shown = typeof value === 'string' ? JSON.stringify(value.slice(0, 60)) : String(value)
  throw new TqError('INVALID_NAME', `${shown} is not a ${kind}: ${rule}.`, { details: { kind } })
}

/** @throws TqError `INVALID_NAME` */
export function checkQueueName(name: string): string {
  if (typeof name === 'string' && queuePattern.test(name)) return name
  return refuse(
    'queue name',
    name,
    'use 1 to 64 letters, digits, ".", "_" or "-", starting with a letter or digit',
  )
}

/** @throws TqError `INVALID_NAME` */
export function checkTaskName(name: string): string {
  if (typeof name === 'string' && taskPattern.test(name)) return name
  return refuse(
    'task name',
    name,
    'use 1 to 200 letters, digits or any of "_ . : / @ -", starting with a letter, digit or "_"',
  )
}

/** @throws TqError `INVALID_NAME` */
export function checkTaskId(id: string): string {
  if (typeof id === 'string' && idPattern.test(id)) return id
  return refuse('task id', id, 'use 1 to 200 printable ASCII characters without spaces')
}

/** @throws TqError `INVALID_NAME` */
export function checkUniqueKey(key: string): string {
  if (typeof key === 'string' && key.length >= 1 && key.length <= 500) return key
  return refuse('unique key', key, 'use a text of 1 to 500 characters')
}

/** @throws TqError `INVALID_NAME` */
export function checkGroup(group: string): string {
  if (typeof group === 'string' && /^[\x21-\x7e]{1,128}$/.test(group)) return group
  return refuse('group', group, 'use 1 to 128 printable ASCII characters without spaces')
}

/** @throws TqError `INVALID_NAME` */
export function checkNamespace(name: string): string {
  if (typeof name === 'string' && /^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/.test(name)) return name
  return refuse('namespace', name, 'use 1 to 32 letters, digits, "_" or "-"')
}

/** Where messages go that cannot be run. Always 5 characters longer than the queue: room is kept for it. */
export function deadQueueOf(queue: string): string {
  return `${queue}.dead`
}
