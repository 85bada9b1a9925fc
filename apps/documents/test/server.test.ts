import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createWorker, TqError } from '@tq/core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { app } from '../src/app.ts'
import { openDatabase } from '../src/database.ts'
import { embed, embeddingVersion } from '../src/embed.ts'
import { processDocument } from '../src/pipeline.ts'
import { createServer } from '../src/server.ts'
import { type ProcessedDocument, parse, summariseUpload } from '../src/steps.ts'
import { cleanUpUploads, updateKnowledgeBase } from '../src/tasks.ts'
import { safeFileName } from '../src/uploads.ts'

// One process is producer, worker and broker here; the demo's test has them apart.
vi.stubEnv('TQ_BROKER_URL', 'memory:')
const directory = mkdtempSync(join(tmpdir(), 'tq-documents-test-'))
vi.stubEnv('DOCUMENTS_DATA', directory)

const database = openDatabase(directory)
const server = createServer({ database, directory, maxFileBytes: 50_000 })
const worker = createWorker(app, { queues: ['documents', 'maintenance'], concurrency: 4 })

beforeAll(() => worker.start())

afterAll(async () => {
  await worker.stop()
  await app.close()
  database.close()
  rmSync(directory, { recursive: true })
})

type Content = string | Uint8Array<ArrayBuffer>

function upload(name: string, content: Content) {
  return uploadAll([[name, content]])
}

function uploadAll(files: readonly (readonly [name: string, content: Content])[]) {
  const body = new FormData()
  for (const [name, content] of files) body.append('file', new File([content], name))
  return server.request('/upload', { method: 'POST', body })
}

async function sample(name: string) {
  return new Uint8Array(await readFile(join(import.meta.dirname, '../samples', name)))
}

async function get(path: string) {
  const response = await server.request(path)
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

/** Uploads a document, waits until it is processed and returns what the service says of it then. */
async function processed(name: string, content: Content) {
  const { task_id } = (await (await upload(name, content)).json()) as { task_id: string }
  await app
    .result(task_id)
    .get({ timeout: '8s' })
    .catch(() => {})
  return (await get(`/tasks/${task_id}`)).body
}

function passagesOf(documentId: number) {
  return [...database.passages()].filter((passage) => passage.documentId === documentId)
}

/** The worker reports the failure that a test wants: nobody needs to read it. */
function expectFailure() {
  vi.spyOn(console, 'error').mockReturnValueOnce()
}

describe('POST /upload', () => {
  test('accepts a document and says where its task is', async () => {
    const response = await upload('guide.pdf', await sample('field-guide.pdf'))
    expect(response.status).toBe(202)
    const body = (await response.json()) as { task_id: string }
    expect(body).toEqual({ task_id: expect.any(String), status: 'processing', message: expect.any(String) })
    expect(response.headers.get('location')).toBe(`/tasks/${body.task_id}`)
    expect(await app.workflow<ProcessedDocument>(body.task_id).get({ timeout: '8s' })).toMatchObject({
      title: 'A Field Guide to Task Queues',
    })
  })

  test.each([
    ['an unknown kind', 'program.exe', 'MZ', 415],
    ['no kind at all', 'README', 'text', 415],
    ['a name that lies', 'paper.pdf', 'no pdf', 415],
    ['an empty file', 'empty.txt', '', 400],
    ['a file that is too large', 'large.txt', 'x'.repeat(50_001), 413],
    ['a request that is far too large', 'large.txt', 'x'.repeat(100_000), 413],
  ])('refuses %s', async (_, name, content, status) => {
    const stored = () =>
      readdirSync(directory, { recursive: true }).filter((path) => String(path).includes('files'))
    const before = stored()
    const response = await upload(name, content)
    expect(response.status).toBe(status)
    expect(await response.json()).toEqual({ error: expect.any(String) })
    expect(stored()).toEqual(before)
  })

  test('refuses a form without a file, and what is no form', async () => {
    const body = new FormData()
    body.set('file', 'only text')
    expect((await server.request('/upload', { method: 'POST', body })).status).toBe(400)
    expect((await server.request('/upload', { method: 'POST' })).status).toBe(400)
    const headers = { 'content-type': 'multipart/form-data; boundary=x' }
    expect((await server.request('/upload', { method: 'POST', headers, body: 'rubbish' })).status).toBe(400)
  })

  test('a name cannot lead out of the folder', async () => {
    const status = await processed('../../../etc/cron.d/evil.txt', 'I stay inside.')
    expect(status).toMatchObject({ status: 'SUCCESS', file_name: 'evil.txt' })
    expect(readdirSync(join(directory, 'files')).some((name) => name.endsWith('-evil.txt'))).toBe(true)
  })

  test('answers 503 while the queue takes no work, and keeps nothing', async () => {
    const file = new DatabaseSync(join(directory, 'documents.db'))
    const kept = () => [
      readdirSync(join(directory, 'files')),
      file.prepare('SELECT count(*) FROM documents').get(),
      file.prepare('SELECT count(*) FROM tasks').get(),
    ]
    const before = kept()
    vi.spyOn(parse, 's').mockImplementationOnce(() => {
      throw new TqError('BROKER_FULL', 'no room')
    })
    expectFailure()
    const response = await upload('a.txt', 'Some words.')
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('5')
    expect(kept()).toEqual(before)
    file.close()
  })
})

describe('GET /tasks/:id', () => {
  test('tells status, progress and result', async () => {
    const status = await processed('lighthouse.html', await sample('lighthouse.html'))
    expect(status).toMatchObject({
      status: 'SUCCESS',
      progress: 1,
      message: 'saved',
      error: null,
      file_name: 'lighthouse.html',
      kind: 'html',
      worker: String(process.pid),
      result: {
        documentId: status['document_id'],
        kind: 'html',
        title: 'The Lighthouse at Grey Point',
        words: expect.any(Number),
        passages: expect.any(Number),
      },
    })
  })

  test('a document that cannot be read fails at once, with the reason', async () => {
    expectFailure()
    const status = await processed('damaged.pdf', '%PDF-1.7 but nothing behind it')
    expect(status).toMatchObject({ status: 'FAILURE', error: expect.stringContaining('cannot be read') })
    expect(database.findTask(String(status['task_id']))).toMatchObject({ status: 'FAILURE' })
  })

  test('an unknown task is not found', async () => {
    expect(await get('/tasks/0199')).toEqual({ status: 404, body: { error: 'Task not found' } })
  })

  test('knows from its own rows what a broker without a backend cannot tell', async () => {
    const before = await processed('own.txt', 'Otters hold hands.')
    const noBackend = new TqError('BACKEND_REQUIRED', 'result.info() needs a backend')
    const asking = app.workflow('any')
    vi.spyOn(asking, 'info').mockRejectedValueOnce(noBackend)
    vi.spyOn(app, 'workflow').mockReturnValueOnce(asking)
    const { status, body } = await get(`/tasks/${before['task_id']}`)
    expect(status).toBe(200)
    expect(body).toMatchObject({ status: 'SUCCESS', progress: 1, result: { words: 3 } })
  })

  test('still knows a task whose result the queue has forgotten', async () => {
    const before = await processed('note.txt', 'A short note about herons.')
    await app.result(String(before['task_id'])).forget()
    const { body } = await get(`/tasks/${before['task_id']}`)
    expect(body).toMatchObject({
      status: 'SUCCESS',
      result: { title: 'A short note about herons.', words: 5 },
    })
  })
})

describe('several files at once', () => {
  const files = [
    ['one.txt', 'One fish.'],
    ['damaged.pdf', '%PDF-1.7 but nothing behind it'],
    ['two.txt', 'Two more fish.'],
  ] as const

  test('are one workflow: a task for each, a summary of those that could be read', async () => {
    expectFailure()
    const response = await uploadAll(files)
    expect(response.status).toBe(202)
    const { upload_id, tasks } = (await response.json()) as { upload_id: string; tasks: object[] }
    expect(response.headers.get('location')).toBe(`/uploads/${upload_id}`)
    expect(tasks).toEqual(files.map(([file_name]) => ({ task_id: expect.any(String), file_name })))

    await app.workflow(upload_id).get({ timeout: '8s' })
    expect((await get(`/uploads/${upload_id}`)).body).toMatchObject({
      status: 'SUCCESS',
      done: 3,
      total: 3,
      result: { documents: 2, failed: 1, words: 5 },
      tasks: [
        { file_name: 'one.txt', status: 'SUCCESS', progress: 1, result: { words: 2 } },
        { file_name: 'damaged.pdf', status: 'FAILURE', error: expect.stringContaining('cannot be read') },
        { file_name: 'two.txt', status: 'SUCCESS', result: { words: 3 } },
      ],
    })
  })

  test('are refused together', async () => {
    const before = readdirSync(join(directory, 'files'))
    expect((await uploadAll([...files, ['x.exe', 'MZ']])).status).toBe(415)
    expect((await uploadAll(Array.from({ length: 21 }, () => files[0]))).status).toBe(413)
    expect(readdirSync(join(directory, 'files'))).toEqual(before)
  })

  test('go their ways alone where nobody keeps what becomes of a group', async () => {
    const noBackend = new TqError('BACKEND_REQUIRED', 'a group needs a backend')
    vi.spyOn(summariseUpload, 's').mockImplementationOnce(() => {
      throw noBackend
    })
    const { upload_id } = (await (await uploadAll([files[0], files[2]])).json()) as { upload_id: string }
    await vi.waitFor(
      async () =>
        expect((await get(`/uploads/${upload_id}`)).body).toMatchObject({ status: 'SUCCESS', done: 2 }),
      { timeout: 8000 },
    )
  })

  test('an unknown upload is not found', async () => {
    expect(await get('/uploads/0199')).toEqual({ status: 404, body: { error: 'Upload not found' } })
  })
})

describe('the page', () => {
  test('is served with all it needs, and runs nothing but its own files', async () => {
    const page = await server.request('/')
    const html = await page.text()
    expect(page.headers.get('content-type')).toMatch('text/html')
    expect(page.headers.get('content-security-policy')).toMatch("script-src 'self'")
    const parts = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, part]) => `/${part}`)
    expect(parts).toEqual(['/page.css', '/page.js'])
    for (const part of parts) expect((await server.request(part)).status).toBe(200)
    expect(html).not.toMatch(/<script(?![^>]*src)|<style|\s(style|on\w+)=/)
  })
})

describe('GET /search', () => {
  test('finds what was uploaded, the best first', async () => {
    await processed('baking-notes.txt', await sample('baking-notes.txt'))
    const { status, body } = await get('/search?q=rye%20flour%20and%20starter')
    expect(status).toBe(200)
    const [hit] = body['hits'] as { file_name: string; passage: string }[]
    expect(hit).toMatchObject({ file_name: 'baking-notes.txt', passage: expect.stringContaining('starter') })
  })

  test.each(['/search', '/search?q=', '/search?q=%20'])('%s asks for a query', async (path) => {
    expect((await get(path)).status).toBe(400)
  })
})

describe('tasks', () => {
  test('processing a document twice, also at the same time, leaves the same rows', async () => {
    const { document_id } = await processed('twice.txt', 'Nothing is done twice. Nothing at all.')
    const documentId = Number(document_id)
    const first = passagesOf(documentId)
    expect(first).toHaveLength(1)
    const path = database.findDocument(documentId)?.path ?? ''
    const again = await Promise.all(
      ['one', 'two'].map((taskId) => processDocument({ path, documentId, taskId }).delay()),
    )
    const results = await Promise.all(again.map((result) => result.get({ timeout: '8s' })))
    expect(results[0]).toEqual(results[1])
    expect(passagesOf(documentId)).toEqual(first)
  })

  test('a document that is gone is rejected', async () => {
    expectFailure()
    const result = await processDocument({ path: '/nowhere', documentId: 999_999, taskId: 'x' }).delay()
    await expect(result.get({ timeout: '8s' })).rejects.toThrow('was deleted')
    expect((await app.result(`${result.id}.0`).info())?.attempt).toBe(0)
  })

  test('the sender learns at once of an input that does not fit', async () => {
    const wrong = processDocument({ path: '', documentId: 1, taskId: 'x' })
    await expect(wrong.delay()).rejects.toThrow(/path/)
  })

  test('the knowledge base is brought up to date with another version of the vectors, once', async () => {
    const { document_id } = await processed('badgers.txt', 'Badgers dig setts.')
    const id = Number(document_id)
    const [{ embedding } = { embedding: embed('') }] = passagesOf(id)
    database.drafts.keepText('another', id, 'Badgers')
    database.drafts.keepPassages('another', [{ text: 'Badgers', embedding: embed('x') }])
    database.saveDraft(id, 'another', { title: null, words: 3, embeddingVersion: 0 })

    expect(await (await updateKnowledgeBase.delay()).get({ timeout: '8s' })).toEqual({ submitted: 1 })
    await vi.waitFor(() => expect(database.outdatedDocuments(embeddingVersion)).toEqual([]), {
      timeout: 8000,
    })
    expect(passagesOf(id)).toEqual([{ documentId: id, text: 'Badgers dig setts.', embedding }])
    expect(await (await updateKnowledgeBase.delay()).get({ timeout: '8s' })).toEqual({ submitted: 0 })
  })

  test('files nobody knows are removed when they are old', async () => {
    const folder = join(directory, 'files')
    await processed('known.txt', 'Known.')
    const old = [...readdirSync(folder), 'orphan.txt']
    for (const name of ['orphan.txt', 'fresh.txt']) writeFileSync(join(folder, name), 'x')
    for (const name of old) utimesSync(join(folder, name), new Date(0), new Date(0))
    expect(await (await cleanUpUploads.delay()).get({ timeout: '8s' })).toEqual({ removed: 1 })
    expect(readdirSync(folder)).toContain('fresh.txt')
    expect(readdirSync(folder)).not.toContain('orphan.txt')
  })
})

test.each([
  ['a.txt', 'a.txt'],
  ['C:\\Users\\me\\a.txt', 'a.txt'],
  ['../..', 'unnamed'],
  ['.htaccess', 'htaccess'],
  ['a\u0000b\n.md', 'a_b_.md'],
  ['Größe 报告.pdf', 'Größe 报告.pdf'],
  [`${'x'.repeat(300)}.pdf`, `${'x'.repeat(80)}.pdf`],
  ['', 'unnamed'],
])('the file name %j becomes %j', (name, expected) => {
  expect(safeFileName(name)).toBe(expected)
})
