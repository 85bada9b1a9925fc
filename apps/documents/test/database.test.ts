import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openDatabase, type ProcessedDocument } from '../src/database.ts'
import { embed, embeddingVersion } from '../src/embed.ts'
import { temporaryDatabase } from './temporary-database.ts'

const document = { fileName: 'a.txt', kind: 'text', path: '/data/a.txt', bytes: 3 } as const
const passage = (text: string) => ({ text, embedding: embed(text) })
const processed: ProcessedDocument = {
  title: 'A',
  words: 2,
  embeddingVersion,
  passages: [passage('bread'), passage('butter')],
}

test('saving a document twice leaves the same rows', () => {
  using database = temporaryDatabase()
  const id = database.addDocument(document)
  database.addTask('one', 'document.process', id)
  const rows = () => [[...database.passages()], database.findDocument(id), database.findTask('one')]
  database.saveDocument(id, 'one', processed)
  const first = rows()
  database.saveDocument(id, 'one', processed)
  expect(rows()).toEqual(first)
  expect(first[0]).toEqual(processed.passages.map((one) => ({ documentId: id, ...one })))
})

test('passages that a document no longer has are gone', () => {
  using database = temporaryDatabase()
  const id = database.addDocument(document)
  database.saveDocument(id, 'one', processed)
  database.saveDocument(id, 'one', { ...processed, passages: [passage('salt')] })
  expect([...database.passages()].map(({ text }) => text)).toEqual(['salt'])
})

test('what goes wrong while saving leaves everything as it was', () => {
  using database = temporaryDatabase()
  const id = database.addDocument(document)
  database.addTask('one', 'document.process', id)
  database.saveDocument(id, 'one', processed)
  const broken = { text: null as unknown as string, embedding: embed('x') }
  expect(() => database.saveDocument(id, 'one', { ...processed, words: 9, passages: [broken] })).toThrow(
    /NOT NULL/,
  )
  expect(database.findDocument(id)?.words).toBe(2)
  expect([...database.passages()]).toHaveLength(2)
})

test('a row goes through its states, and a late run cannot undo SUCCESS', () => {
  using database = temporaryDatabase()
  const id = database.addDocument(document)
  database.addTask('one', 'document.process', id)
  const row = () => database.findTask('one')
  expect(row()).toMatchObject({ status: 'PENDING', progress: 0, documentId: id, fileName: 'a.txt' })
  database.startTask('one', '7')
  database.reportProgress('one', 0.5, 'parsed')
  expect(row()).toMatchObject({ status: 'STARTED', progress: 0.5, message: 'parsed', worker: '7' })
  database.failTask('one', 'RETRY', 'no luck')
  expect(row()).toMatchObject({ status: 'RETRY', error: 'no luck', finishedAt: null })
  database.startTask('one', '8')
  expect(row()).toMatchObject({ status: 'STARTED', progress: 0, error: null })
  database.saveDocument(id, 'one', processed)
  const done = row()
  expect(done).toMatchObject({ status: 'SUCCESS', progress: 1, message: 'done', worker: '8' })
  database.startTask('one', '9')
  database.reportProgress('one', 0.1, 'reading')
  database.failTask('one', 'FAILURE', 'too late')
  expect(row()).toEqual(done)
})

test('knows which documents have vectors of another version', () => {
  using database = temporaryDatabase()
  const unread = database.addDocument(document)
  const read = database.addDocument({ ...document, path: '/data/b.txt' })
  database.saveDocument(read, 'one', processed)
  expect(database.outdatedDocuments(embeddingVersion)).toEqual([])
  expect(database.outdatedDocuments(embeddingVersion + 1)).toEqual([{ id: read, path: '/data/b.txt' }])
  expect(database.findDocument(unread)?.words).toBeNull()
})

test('several processes open it and write at once; no write is lost', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'tq-documents-test-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const writers = Array.from({ length: 4 }, () =>
    fork(new URL('./database-writer.ts', import.meta.url), [directory, '25']),
  )
  const codes = await Promise.all(writers.map(async (writer) => (await once(writer, 'exit'))[0]))
  expect(codes).toEqual([0, 0, 0, 0])
  const database = openDatabase(directory)
  onTestFinished(() => database.close())
  expect(database.outdatedDocuments(-1)).toHaveLength(4 * 25)
  expect([...database.passages()]).toHaveLength(4 * 25 * 2)
})
