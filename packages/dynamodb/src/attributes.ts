import type { AttributeValue } from '@aws-sdk/client-dynamodb'

/** An item as DynamoDB gives it. */
export type Item = Record<string, AttributeValue>

type Plain = string | number | boolean | ReadonlySet<number> | readonly string[]

/** A value as DynamoDB takes it. */
export function attribute(value: Plain): AttributeValue {
  if (typeof value === 'string') return { S: value }
  if (typeof value === 'number') return { N: String(value) }
  if (typeof value === 'boolean') return { BOOL: value }
  if (value instanceof Set) return { NS: [...value].map(String) }
  return { L: (value as readonly string[]).map((one) => ({ S: one })) }
}

/** Attributes of an item; what is undefined is left out. */
export function attributes(plain: Readonly<Record<string, Plain | undefined>>): Item {
  const item: Item = {}
  for (const [name, value] of Object.entries(plain)) if (value !== undefined) item[name] = attribute(value)
  return item
}

/**
 * The placeholders of expressions: `#name` stands for the attribute of that name, `:name` for a value.
 *
 * @example ...placeholders({ version: 7 }, 'SET #version = :version', '#expires > :now')
 */
export function placeholders(values: Readonly<Record<string, Plain>>, ...expressions: readonly string[]) {
  const names: Record<string, string> = {}
  for (const expression of expressions) {
    for (const [mark, name = ''] of expression.matchAll(/#(\w+)/g)) names[mark] = name
  }
  const marked: Item = {}
  for (const [name, value] of Object.entries(values)) marked[`:${name}`] = attribute(value)
  return {
    ExpressionAttributeNames: names,
    ...(Object.keys(marked).length > 0 ? { ExpressionAttributeValues: marked } : {}),
  }
}

/** An expression on one line: not every emulator reads more. */
export function line(expression: string): string {
  return expression.replace(/\s+/g, ' ')
}

export function textOf(item: Item | undefined, name: string): string {
  return item?.[name]?.S ?? ''
}

/** NaN where there is none. */
export function numberOf(item: Item | undefined, name: string): number {
  return Number(item?.[name]?.N)
}

export function numbersOf(item: Item | undefined, name: string): ReadonlySet<number> {
  return new Set(item?.[name]?.NS?.map(Number))
}

export function listOf(item: Item | undefined, name: string): readonly string[] {
  return item?.[name]?.L?.map(({ S = '' }) => S) ?? []
}
