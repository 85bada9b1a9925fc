import type { StandardSchemaV1 } from '@standard-schema/spec'
import { TqError } from '../errors/tq-error.ts'

/** Any schema that follows Standard Schema: zod, valibot, arktype and others, or {@link type}. */
export type Schema<Input = unknown, Output = Input> = StandardSchemaV1<Input, Output>

/** What the sender passes. */
export type InputOf<S extends Schema> = StandardSchemaV1.InferInput<S>
/** What the handler gets: parsed, with defaults filled in. */
export type OutputOf<S extends Schema> = StandardSchemaV1.InferOutput<S>

/**
 * A schema that only tells the compiler the type and checks nothing at run time.
 *
 * @example input: type<{ path: string }>()
 */
export function type<T>(): Schema<T, T> {
  return { '~standard': { version: 1, vendor: 'tq', validate: (value) => ({ value: value as T }) } }
}

/**
 * The parsed value. Synchronous when the schema is, so that plain schemas cost no extra turn.
 *
 * @throws TqError `VALIDATION_FAILED` with the schema's issues in `details.issues`.
 */
export function parseWith<T>(
  schema: Schema<unknown, T> | Schema,
  value: unknown,
  what: string,
): T | Promise<T> {
  const result = schema['~standard'].validate(value)
  return result instanceof Promise
    ? result.then((done) => parsedValue<T>(done, what))
    : parsedValue<T>(result, what)
}

function parsedValue<T>(result: StandardSchemaV1.Result<unknown>, what: string): T {
  if (!result.issues) return result.value as T
  const issues = result.issues.map((issue) => ({ path: pathOf(issue.path), message: issue.message }))
  const text = issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ')
  throw new TqError('VALIDATION_FAILED', `The ${what} does not fit its schema: ${text}.`, {
    details: { issues },
  })
}

function pathOf(path: StandardSchemaV1.Issue['path']): string {
  return (path ?? []).map((step) => String(typeof step === 'object' ? step.key : step)).join('.')
}
