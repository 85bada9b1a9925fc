import { TqError } from '../errors/tq-error.ts'

/** @throws TqError `INVALID_OPTION` that names every key that is not known. */
export function checkKnown(options: object, known: ReadonlySet<string>, what: string): void {
  const unknown = Object.keys(options).filter((key) => !known.has(key))
  if (unknown.length === 0) return
  throw new TqError(
    'INVALID_OPTION',
    `${what}: unknown ${unknown.length === 1 ? 'option' : 'options'} ${unknown.map((key) => `'${key}'`).join(', ')}. Known: ${[...known].sort().join(', ')}.`,
  )
}
