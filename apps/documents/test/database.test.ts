import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { type DocumentDatabase, openDatabase } from '../src/database.ts'
import { embed, embeddingVersion } from '../src/embed.ts'
import { temporaryDatabase } from './temporary-database.ts'

const document = { fileName: 'a.txt', kind: 'text', path: '/data/a.txt', bytes: 3 } as const
const passage = (text: string) => ({ text, embedding: embed(text) })
const found = { title: 'A', words: 2, embeddingVersion }
const passages = [passage('bread'), passage('butter')]

/** What the three steps leave. */
function process(database: DocumentDatabase, id: number, taskId: string, made = passages) {
  database.drafts.keepText(taskId, id, 'bread butter')
  database.drafts.keepPassages(taskId, made)
  database.saveDraft(id, taskId, found)
}

test('saving a document twice leaves the same rows', () => {
  using database = temporaryDatabase()
  const id = database.addDocument(document)
  database.addTask('one', 'document.process', id)
  const rows = () => [[...database.passages()], database.findDocument(id), database.findTask('one')]
  process(database, id, 'one')
  const first = rows()
  process(database, id, 'one')
  expect(rows()).toEqual(first)
  expect(first[0]).toEqual(passages.map((one) => ({ documentId: id, ...one })))
})

test('two ways of one document do not meet in their drafts, and a late run of a saved one finds none', () => {
  using database = temporaryDatabase()
  const id = database.addDocument(document)
  for (const way of ['one', 'two']) database.drafts.keepText(way, id, `text of ${way}`)
  expect(database.drafts.text('one', id)).toBe('text of one')
  process(database, id, 'one')
  expect(() => database.drafts.text('one', id)).toThrow('no draft')
  database.saveDraft(id, 'one', { ...found, words: 99 })
  expect(database.findDocument(id)?.words).toBe(2)
  expect(database.drafts.text('two', id)).toBe('text of two')
})

test('passages that a document no longer has are gone', () => {
  using database = temporaryDatabase()
  const id = database.addDocument(document)
  process(database, id, 'one')
  process(database, id, 'one', [passage('salt')])
  expect([...database.passages()].map(({ text }) => text)).toEqual(['salt'])
})

test('what goes wrong while saving leaves everything as it was', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'tq-documents-test-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const database = openDatabase(directory)
  onTestFinished(() => database.close())
  const id = database.addDocument(document)
  database.addTask('one', 'document.process', id)
  process(database, id, 'one')
  const file = new DatabaseSync(join(directory, 'documents.db'))
  file.exec(`CREATE TRIGGER full BEFORE INSERT ON passages BEGIN SELECT raise(ABORT, 'disk full'); END`)
  file.close()
  database.drafts.keepText('two', id, 'salt')
  database.drafts.keepPassages('two', [passage('salt')])
  expect(() => database.saveDraft(id, 'two', { ...found, words: 9 })).toThrow('disk full')
  expect(database.findDocument(id)?.words).toBe(2)
  expect([...database.passages()]).toHaveLength(2)
  expect(database.drafts.text('two', id)).toBe('salt')
})

test('a row goes through its states, and a late run cannot undo SUCCESS', () => {
  using database = temporaryDatabase()
  const id = database.addDocument(document)
  database.addTask('one', 'document.process', id)
  const row = () => database.findTask('one')
  expect(row()).toMatchObject({ status: 'PENDING', progress: 0, documentId: id, fileName: 'a.txt' })
  database.startTask('one', '7')
  database.reportProgress('one', '7', 0.5, 'parsed')
  expect(row()).toMatchObject({ status: 'STARTED', progress: 0.5, message: 'parsed', worker: '7' })
  database.failTask('one', 'RETRY', 'no luck')
  expect(row()).toMatchObject({ status: 'RETRY', error: 'no luck', finishedAt: null })
  database.startTask('one', '8')
  expect(row()).toMatchObject({ status: 'STARTED', progress: 0, error: null })
  process(database, id, 'one')
  const done = row()
  expect(done).toMatchObject({ status: 'SUCCESS', progress: 1, message: 'saved', worker: '8' })
  database.startTask('one', '9')
  database.reportProgress('one', '9', 0.1, 'reading')
  database.failTask('one', 'FAILURE', 'too late')
  expect(row()).toEqual(done)
})

test('knows which documents have vectors of another version', () => {
  using database = temporaryDatabase()
  const unread = database.addDocument(document)
  const read = database.addDocument({ ...document, path: '/data/b.txt' })
  process(database, read, 'one')
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
