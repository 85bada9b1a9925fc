import { expect, test } from 'vitest'
import { z } from 'zod'
import { type Field, fieldsOf, toInput } from '../ui/src/lib/schema-form.ts'

const schemaOf = (schema: z.ZodType) => z.toJSONSchema(schema, { io: 'input' }) as Record<string, unknown>

/** What a form gives when these texts are typed. */
function fill(fields: readonly Field[], texts: Readonly<Record<string, string>>): unknown {
  const typed = new Map(
    fields.flatMap((field) => {
      const text = texts[field.name ?? '']
      return text === undefined ? [] : [[field, text] as const]
    }),
  )
  const result = toInput(fields, typed)
  if ('input' in result) return result.input
  return [...result.problems].map(([field, problem]) => `${field.name}: ${problem}`)
}

test('a field for each property; what is typed becomes the input', () => {
  const fields = fieldsOf(
    schemaOf(
      z.object({
        to: z.email().describe('Who gets it'),
        copies: z.int().min(1).max(9).default(1),
        scale: z.number().optional(),
        urgent: z.boolean().optional(),
        language: z.enum(['en', 'fr']),
        tags: z.array(z.string()).optional(),
        note: z.string().max(5_000).optional(),
        __proto__x: z.string().optional(),
      }),
    ),
  )
  expect(fields.map(({ name, kind, required, hint }) => [name, kind, required, hint])).toEqual([
    ['to', 'text', true, 'Who gets it · email'],
    ['copies', 'number', false, 'whole number, ≥ 1, ≤ 9'],
    ['scale', 'number', false, ''],
    ['urgent', 'choice', false, ''],
    ['language', 'choice', true, ''],
    ['tags', 'json', false, 'JSON: array'],
    ['note', 'long', false, ''],
    ['__proto__x', 'text', false, ''],
  ])
  expect(fill(fields, { to: 'ada@example.com', language: '"fr"' })).toEqual({
    to: 'ada@example.com',
    copies: 1,
    language: 'fr',
  })
  const all = {
    to: '7',
    copies: '2',
    scale: '0.5',
    urgent: 'true',
    language: '"en"',
    tags: '["a"]',
    note: 'x',
  }
  expect(fill(fields, all)).toEqual({
    to: '7',
    copies: 2,
    scale: 0.5,
    urgent: true,
    language: 'en',
    tags: ['a'],
    note: 'x',
  })
  expect(fill(fields, { to: 'x', copies: 'two', tags: '[' })).toEqual([
    'copies: Not a number.',
    'language: It is needed.',
    'tags: This is not JSON.',
  ])
})

test('an input that is no object has one field; what nobody can draw is JSON', () => {
  expect(fill(fieldsOf(schemaOf(z.string())), { '': 'x' })).toBe('x')
  expect(fill(fieldsOf(schemaOf(z.number())), { '': '4' })).toBe(4)
  expect(fill(fieldsOf(schemaOf(z.union([z.string(), z.number()]))), { '': '"x"' })).toBe('x')
  expect(fill(fieldsOf({ type: 'object', properties: {} }), {})).toEqual({})
  const hostile = fieldsOf({
    type: 'object',
    properties: JSON.parse('{ "__proto__": { "type": "string" } }'),
  })
  expect(Object.getPrototypeOf(fill(hostile, JSON.parse('{ "__proto__": "x" }')))).toBe(Object.prototype)
})
