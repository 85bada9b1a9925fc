import { createHash } from 'node:crypto'
import type { Band } from './bands.ts'

/** SQS allows so many letters, digits, `-` and `_`. */
const longest = 80
const fifoEnding = '.fifo'
const hashLength = 16

/** What all queues of an app have in common. */
export interface Place {
  /** Set apart from others in the account; may be empty. */
  readonly prefix: string
  readonly namespace: string
  readonly fifo: boolean
}

/**
 * `prefix__namespace__queue__band`. Distinct queues have distinct names: one that is too long, or that could be read as
 * another's, ends in `---` and a hash of all that it stands for.
 */
export function sqsName({ prefix, namespace, fifo }: Place, queue: string, band: Band['name']): string {
  const parts = prefix === '' ? [namespace, queue, band] : [prefix, namespace, queue, band]
  const ending = fifo ? fifoEnding : ''
  const plain = parts.map((part) => part.replaceAll('.', '--')).join('__')
  if (parts.every(isPlain) && plain.length + ending.length <= longest) return plain + ending
  const hash = createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, hashLength)
  const room = longest - ending.length - hashLength - 3
  return `${plain.slice(0, room)}---${hash}${ending}`
}

/** Reads back in one way only: no separators of ours in it, no two marks side by side. */
function isPlain(part: string): boolean {
  return !/__|^_|_$|[-.]{2}/.test(part)
}
