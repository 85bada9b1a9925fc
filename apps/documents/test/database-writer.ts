// Writes to a database that other processes write to at the same time: see database.test.ts.
import { openDatabase } from '../src/database.ts'
import { embed, embeddingVersion } from '../src/embed.ts'

const [directory = '', count = '0'] = process.argv.slice(2)
const database = openDatabase(directory)
for (let number = 0; number < Number(count); number++) {
  const name = `${process.pid}-${number}.txt`
  const id = database.addDocument({ fileName: name, kind: 'text', path: name, bytes: 1 })
  database.addTask(name, 'document.process', id)
  const passages = ['one', 'two'].map((text) => ({ text, embedding: embed(text) }))
  database.drafts.keepText(name, id, 'one two')
  database.drafts.keepPassages(name, passages)
  database.saveDraft(id, name, { title: null, words: 2, embeddingVersion })
}
database.close()
