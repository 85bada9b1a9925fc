import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, expect, onTestFinished, test, vi } from 'vitest'
import { app } from '../src/app.ts'
import { openDatabase } from '../src/database.ts'
import { commandFile } from '../src/demo/child-process.ts'
import { createServer } from '../src/server.ts'
import { embedPassages, type ProcessedDocument, parse, save } from '../src/steps.ts'

const directory = mkdtempSync(join(tmpdir(), 'tq-documents-test-'))
const environment = {
  TQ_BROKER_URL: `sqlite:${join(directory, 'queue.db')}`,
  TQ_BACKEND_URL: '',
  DOCUMENTS_DATA: directory,
}
for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)

const database = openDatabase(directory)
const server = createServer({ database, directory })

afterAll(async () => {
  await app.close()
  database.close()
  rmSync(directory, { recursive: true })
})

/** Starts a worker as people do, and waits until it is ready. */
async function startWorker(): Promise<ChildProcess> {
  const options = ['-A', 'src/tasks.ts', '-Q', 'documents', '--lease', '1s', '--log-format', 'json']
  const worker = spawn(
    process.execPath,
    [
      '--conditions=@tq/source',
      commandFile('@tq/cli', 'tq'),
      'worker',
      ...options,
      '--connect-timeout',
      '10s',
    ],
    {
      cwd: join(import.meta.dirname, '..'),
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  onTestFinished(() => void worker.kill('SIGKILL'))
  for await (const line of createInterface({ input: worker.stdout })) {
    if (line.includes('"ready"')) return worker
  }
  throw new Error('The worker ended before it was ready.')
}

/** Long enough to be killed in its middle. */
function longText(): string {
  const paragraph = (number: number) =>
    `Paragraph ${number} tells of ${'badgers and herons, '.repeat(20)}and ends.`
  return Array.from({ length: 4_000 }, (_, number) => paragraph(number)).join('\n\n')
}

test.skipIf(process.env['TQ_TEST_TIER'] !== 'full')(
  'a document whose worker is killed in its middle is finished by another one, with the same rows',
  async () => {
    const form = new FormData()
    form.set('file', new File([longText()], 'long.txt'))
    const response = await server.request('/upload', { method: 'POST', body: form })
    const { task_id: taskId } = (await response.json()) as { task_id: string }
    const row = () => database.findTask(taskId)

    const first = await startWorker()
    await vi.waitUntil(() => (row()?.progress ?? 0) > 0.6, { timeout: 20_000, interval: 10 })
    first.kill('SIGKILL')
    await once(first, 'exit')
    expect(row()).toMatchObject({ status: 'STARTED', worker: String(first.pid) })
    expect([...database.passages()]).toEqual([])

    const second = await startWorker()
    const result = await app.workflow<ProcessedDocument>(taskId).get({ timeout: '30s' })
    expect(row()).toMatchObject({ status: 'SUCCESS', progress: 1, worker: String(second.pid) })
    second.kill('SIGTERM')
    expect(await once(second, 'exit')).toEqual([0, null])

    // The same document, processed in one go by this process.
    const found = [...database.passages()]
    const { documentId, path = '' } = { ...row(), ...database.findDocument(row()?.documentId ?? 0) }
    const copy = join(directory, 'copy.txt')
    await copyFile(path, copy)
    const copyId = database.addDocument({ fileName: 'copy.txt', kind: 'text', path: copy, bytes: 1 })
    const copied = await save(
      await embedPassages(await parse({ path: copy, documentId: copyId, taskId: 'copy' })),
    )
    expect({ ...copied, documentId }).toEqual(result)
    const expected = [...database.passages()].filter((passage) => passage.documentId === copyId)
    expect(found).toEqual(expected.map((passage) => ({ ...passage, documentId })))
  },
  90_000,
)
