import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { dimensions, embed, embeddingVersion, similarity } from '../src/embed.ts'
import { documentKind } from '../src/parse/document-kind.ts'
import { parseDocument } from '../src/parse/parse-document.ts'
import { splitPassages } from '../src/passages.ts'
import { search } from '../src/search.ts'
import { countWords } from '../src/words.ts'
import { temporaryDatabase } from './temporary-database.ts'

test('a vector has length 1, or 0 for a text that says nothing', () => {
  expect(embed('bread')).toHaveLength(dimensions)
  expect(similarity(embed('bread and butter'), embed('bread and butter'))).toBeCloseTo(1)
  expect(embed('and the').every((value) => value === 0)).toBe(true)
})

test('the same text gives the same vector; case, plural and form of letters do not matter', () => {
  expect(embed('Retries of tasks')).toEqual(embed('Retries of tasks'))
  expect(similarity(embed('retries'), embed('Retry'))).toBeCloseTo(1)
  expect(similarity(embed('caf\u00e9'), embed('cafe\u0301'))).toBeCloseTo(1)
})

test('the vectors of stored documents stay valid: a change of their making needs a new version', () => {
  const places = [...embed('bread')].flatMap((value, place) => (value === 0 ? [] : [place]))
  expect({ version: embeddingVersion, places }).toEqual({ version: 1, places: [135, 564, 850] })
})

test('texts about one thing are nearer than texts about two', () => {
  const bread = embed('Bake the bread in a hot oven')
  expect(similarity(bread, embed('The oven must be hot before you bake'))).toBeGreaterThan(0.4)
  expect(Math.abs(similarity(bread, embed('Ships see the lamp of the lighthouse')))).toBeLessThan(0.2)
})

test('passages are whole sentences and lose no word', async () => {
  const text = await readFile(join(import.meta.dirname, '../samples/source/field-guide.txt'), 'utf8')
  const passages = splitPassages(text)
  expect(passages.length).toBeGreaterThan(8)
  expect(passages.join(' ').replace(/\s+/g, ' ')).toBe(text.replace(/\s+/g, ' ').trim())
  for (const passage of passages) {
    expect(passage).toMatch(/[.:?!]$/)
    expect(countWords(passage)).toBeLessThan(140)
  }
  expect(splitPassages(' \n\n ')).toEqual([])
})

const samples = ['field-guide.pdf', 'lighthouse.html', 'baking-notes.txt', '../../../CONTRIBUTING.md']

test.each([
  ['How hot must the oven be for a loaf of bread?', 'baking-notes.txt'],
  ['Which lens gathered the light of the lamp?', 'lighthouse.html'],
  ['exponential backoff and jitter after a failure', 'field-guide.pdf'],
  ['conventional commits and changesets', 'CONTRIBUTING.md'],
])('%s → %s', async (query, expected) => {
  using database = temporaryDatabase()
  for (const name of samples) {
    const path = join(import.meta.dirname, '../samples', name)
    const bytes = await readFile(path)
    const kind = documentKind(name, bytes)
    if (!kind) throw new Error(`${name} has no kind`)
    const { title = null, text } = await parseDocument(kind, bytes)
    const id = database.addDocument({ fileName: basename(name), kind, path, bytes: bytes.length })
    const passages = splitPassages(text).map((passage) => ({ text: passage, embedding: embed(passage) }))
    database.drafts.keepText(name, id, text)
    database.drafts.keepPassages(name, passages)
    database.saveDraft(id, name, { title, words: countWords(text), embeddingVersion })
  }
  const hits = search(database, query)
  expect(hits[0]?.file_name).toBe(expected)
  expect(hits).toEqual([...hits].sort((a, b) => b.score - a.score))
  expect(search(database, query, 1)).toHaveLength(1)
  expect(search(database, 'zzyzx')).toEqual([])
})
