type JsonSchema = Readonly<Record<string, unknown>>

/** One field of a form: what kind of control it is, and how its text becomes a value. */
export interface Field {
  /** Undefined: the input itself, not a part of it. */
  readonly name: string | undefined
  readonly kind: 'text' | 'long' | 'number' | 'choice' | 'json'
  readonly required: boolean
  readonly hint: string
  /** Of a choice: the values, as JSON. */
  readonly choices: readonly string[]
  /** The text it begins with. */
  readonly first: string
  readonly schema: JsonSchema
}

const longText = 200

/** A field for each property of an object, or one for the whole. */
export function fieldsOf(schema: JsonSchema): readonly Field[] {
  const { properties } = schema
  if (schema['type'] !== 'object' || !isObject(properties)) return [toField(undefined, schema, true)]
  const required = Array.isArray(schema['required']) ? schema['required'] : []
  return Object.entries(properties).map(([name, part]) =>
    toField(name, isObject(part) ? part : {}, required.includes(name)),
  )
}

function toField(name: string | undefined, schema: JsonSchema, required: boolean): Field {
  const kind = kindOf(schema)
  const given = 'const' in schema ? schema['const'] : schema['default']
  const first =
    given === undefined ? '' : kind === 'text' || kind === 'long' ? String(given) : JSON.stringify(given)
  const hints = [
    typeof schema['title'] === 'string' ? schema['title'] : '',
    typeof schema['description'] === 'string' ? schema['description'] : '',
    hintOf(schema, kind),
  ].filter((hint) => hint !== '')
  return { name, kind, required, hint: hints.join(' · '), choices: choicesOf(schema), first, schema }
}

function kindOf(schema: JsonSchema): Field['kind'] {
  const { type } = schema
  if (choicesOf(schema).length > 0) return 'choice'
  if (type === 'number' || type === 'integer') return 'number'
  if (type !== 'string') return 'json'
  return typeof schema['maxLength'] === 'number' && schema['maxLength'] > longText ? 'long' : 'text'
}

function choicesOf(schema: JsonSchema): readonly string[] {
  if (Array.isArray(schema['enum'])) return schema['enum'].map((value) => JSON.stringify(value))
  if ('const' in schema) return [JSON.stringify(schema['const'])]
  return schema['type'] === 'boolean' ? ['true', 'false'] : []
}

function hintOf(schema: JsonSchema, kind: Field['kind']): string {
  const { type, format } = schema
  if (kind === 'json') return typeof type === 'string' ? `JSON: ${type}` : 'JSON'
  const parts: string[] = []
  if (typeof format === 'string') parts.push(format)
  else if (type === 'integer') parts.push('whole number')
  for (const [name, sign] of [
    ['minimum', '≥'],
    ['exclusiveMinimum', '>'],
    ['maximum', '≤'],
    ['exclusiveMaximum', '<'],
  ] as const) {
    const bound = schema[name]
    // Bounds that only say what a double can hold tell nothing.
    if (typeof bound === 'number' && Math.abs(bound) < Number.MAX_SAFE_INTEGER) parts.push(`${sign} ${bound}`)
  }
  return parts.join(', ')
}

/** What was typed, as the input; or what is wrong, by field. */
export function toInput(
  fields: readonly Field[],
  texts: ReadonlyMap<Field, string>,
): { readonly input: unknown } | { readonly problems: ReadonlyMap<Field, string> } {
  const problems = new Map<Field, string>()
  const values: Record<string, unknown> = {}
  let whole: unknown
  for (const field of fields) {
    const text = texts.get(field) ?? field.first
    if (text === '' && !(field.required && (field.kind === 'text' || field.kind === 'long'))) {
      if (field.required) problems.set(field, 'It is needed.')
      continue
    }
    const value = toValue(field, text)
    if (value === undefined)
      problems.set(field, field.kind === 'number' ? 'Not a number.' : 'This is not JSON.')
    else if (field.name === undefined) whole = value
    else Object.defineProperty(values, field.name, { value, enumerable: true })
  }
  if (problems.size > 0) return { problems }
  return { input: fields.length === 1 && fields[0]?.name === undefined ? whole : values }
}

function toValue({ kind }: Field, text: string): unknown {
  if (kind === 'text' || kind === 'long') return text
  if (kind === 'number') {
    const number = Number(text)
    return Number.isFinite(number) ? number : undefined
  }
  return parseJson(text)
}

/** Undefined for what is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
