import { TqError } from '../errors/tq-error.ts'

/**
 * For callers whom the compiler does not check: a task in place of its signature would be a workflow of nothing.
 *
 * @param what Says where, e.g. 'chain: step'; numbered from 1 in the error.
 * @throws TqError `INVALID_OPTION`
 */
export function checkSignatures(what: string, given: unknown): void {
  if (!Array.isArray(given))
    throw new TqError('INVALID_OPTION', `${what}: give a list of them; it is ${described(given)}.`)
  for (const [index, one] of given.entries()) {
    if (isObject(one) && 'plan' in one && 'host' in one) continue
    throw new TqError('INVALID_OPTION', `${what} ${index + 1} is ${described(one)}.`)
  }
}

function described(given: unknown): string {
  if (isObject(given) && typeof given['s'] === 'function') {
    const name = String(given['name'])
    return `the task '${name}', not its signature: write .s(), with the input if it has one`
  }
  if (given instanceof Promise || (isObject(given) && typeof given['ready'] === 'function'))
    return 'a task that is sent already: write .s(…) in place of .delay(…)'
  return `${given === null ? 'null' : typeof given}, not a signature: write task.s(…)`
}

const isObject = (given: unknown): given is Record<string, unknown> =>
  (typeof given === 'object' || typeof given === 'function') && given !== null
