import { TqError } from '../errors/tq-error.ts'

/** Deeper values are refused: readers in other languages, and our own, stop somewhere. */
const deepestValue = 100

/**
 * Refuses what JSON cannot carry, and says where it is.
 *
 * @param what What the value is, for the message: `input of task 'add'`.
 * @throws TqError `INVALID_PAYLOAD` with the path in `details.path`.
 */
export function checkJson(value: unknown, what: string): void {
  // A path is only built when something is wrong: the walk itself allocates nothing.
  const problem = findProblem(value, 0)
  if (problem) throw invalidPayload(what, problem.path, problem.reason)
}

interface Problem {
  path: string
  readonly reason: string
}

function invalidPayload(what: string, path: string, reason: string): TqError {
  const where = path === '' ? 'the value itself' : `\`${path.replace(/^\./, '')}\``
  return new TqError('INVALID_PAYLOAD', `The ${what} cannot be sent as JSON: ${where} ${reason}.`, {
    details: { path: path.replace(/^\./, '') },
  })
}

function findProblem(value: unknown, depth: number): Problem | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined
    case 'number':
      return Number.isFinite(value) ? undefined : at(`is ${value}; JSON would turn it into null`)
    case 'object':
      return value === null ? undefined : findInObject(value, depth)
    case 'undefined':
      return at('is undefined; JSON would drop it: leave the key out, or use null')
    default:
      return at(`is a ${typeof value}; send text or a number instead`)
  }
}

function findInObject(value: object, depth: number): Problem | undefined {
  if (depth >= deepestValue) return at(`is nested more than ${deepestValue} levels deep, or refers to itself`)
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const problem = findProblem(value[index], depth + 1)
      if (problem) return under(`[${index}]`, problem)
    }
    return undefined
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return at(notPlain(value))
  for (const key in value) {
    if (key === '__proto__') return at('has a key named "__proto__"; rename it')
    const problem = findProblem((value as Record<string, unknown>)[key], depth + 1)
    if (problem)
      return under(/^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`, problem)
  }
  return undefined
}

function notPlain(value: object): string {
  const name = value.constructor?.name ?? 'an object'
  const hint: Record<string, string> = {
    Date: 'send `date.toISOString()`, and let the schema turn it back',
    Map: 'send `Object.fromEntries(map)`',
    Set: 'send `[...set]`',
    Buffer: "send `buffer.toString('base64')`, or better where the data is kept",
  }
  return `is a ${name}, not a plain object; ${hint[name] ?? 'send plain data'}`
}

const at = (reason: string): Problem => ({ path: '', reason })

function under(step: string, problem: Problem): Problem {
  problem.path = step + problem.path
  return problem
}
