// Runs the whole application for a moment: a server process, two worker processes, real documents over real HTTP.
// TQ_BROKER_URL chooses the broker; without it, a SQLite file in a temporary folder.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Child, commandFile, startChild } from './demo/child-process.ts'
import { Client, type Status } from './demo/client.ts'
import { demoUploads } from './demo/documents.ts'
import { ProgressView } from './demo/progress-view.ts'
import { table } from './demo/table.ts'

const deadlineMs = 120_000
const workerCount = 2
const workerArguments =
  'worker -A src/tasks.ts -Q documents,maintenance --concurrency 4 --loglevel info --log-format json --connect-timeout 10s'.split(
    ' ',
  )
const question = 'What happens to a task when its worker dies?'

async function showOff(children: Child[], directory: string, signal: AbortSignal): Promise<boolean> {
  const broker = process.env['TQ_BROKER_URL'] || `sqlite:${join(directory, 'queue.db')}`
  // On a broker that others use too, their queues are not touched.
  const namespace = process.env['TQ_NAMESPACE'] || 'documents-demo'
  const environment = { DOCUMENTS_DATA: directory, TQ_BROKER_URL: broker, TQ_NAMESPACE: namespace, PORT: '0' }
  const start = (name: string, ...program: string[]) => {
    const child = startChild(name, program, environment)
    children.push(child)
    return child
  }
  // Memory is of one process: server and worker are together there.
  const together = broker.startsWith('memory:')
  const server = start('server', together ? 'src/main-together.ts' : 'src/main-server.ts')
  const workers = Array.from({ length: together ? 0 : workerCount }, (_, index) =>
    start(`worker ${index + 1}`, commandFile('@tq/cli', 'tq'), ...workerArguments),
  )
  const [[, url = '']] = await Promise.all([
    server.line(/listening on (\S+)/),
    ...workers.map((worker) => worker.line(/"message":"ready"/)),
  ])
  const processes = together ? 'a worker in the same process' : `${workerCount} workers`
  console.log(`server on ${url}, ${processes}, broker ${broker.split(':')[0]}\n`)

  const client = new Client(url, signal)
  const uploads = await demoUploads()
  const view = new ProgressView(uploads.flat().map(({ name }) => name))
  let line = 0
  const following = uploads.map(async (documents) => {
    const first = line
    line += documents.length
    const taskIds = await client.upload(documents)
    return Promise.all(
      taskIds.map((taskId, index) => client.follow(taskId, (status) => view.show(first + index, status))),
    )
  })
  const results = (await Promise.all(following)).flat()
  console.log(`\n${resultTable(results)}\n`)

  console.log(`Search: ${question}`)
  for (const { score, file_name, passage } of (await client.search(question)).slice(0, 3)) {
    console.log(`  ${score.toFixed(2)}  ${file_name}: ${passage.slice(0, 90)}…`)
  }

  // In the order of the flow of work: nothing new arrives, then the workers finish.
  for (const child of [server, ...workers]) {
    await child.stop()
    children.splice(children.indexOf(child), 1)
  }
  const succeeded = results.filter(({ status }) => status === 'SUCCESS').length
  console.log(`\ndemo: ${results.length} sent, ${succeeded} succeeded, ${results.length - succeeded} failed`)
  return succeeded === results.length
}

function resultTable(results: readonly Status[]): string {
  return table(
    ['file', 'kind', 'words', 'ms', 'worker', 'state'],
    results.map(({ file_name, kind, result, milliseconds, worker, status, error }) => [
      file_name,
      kind,
      result?.words ?? '',
      milliseconds ?? '',
      worker ?? '',
      error === null ? status : `${status}: ${error}`,
    ]),
  )
}

/** Ends the demo early: a signal, or the deadline. */
function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

const abort = new AbortController()
const deadline = setTimeout(
  () => abort.abort(new Error(`It took longer than ${deadlineMs / 1000} s.`)),
  deadlineMs,
)
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => abort.abort(new Error(`It was stopped by ${signal}.`)))
}

const children: Child[] = []
const directory = await mkdtemp(join(tmpdir(), 'tq-documents-demo-'))
try {
  const succeeded = await Promise.race([
    showOff(children, directory, abort.signal),
    untilAborted(abort.signal),
  ])
  process.exitCode = succeeded ? 0 : 1
} catch (error) {
  console.error(`\ndemo: failed. ${(error as Error).message}`)
  for (const child of children) if (child.output() !== '') console.error(child.output())
  process.exitCode = 1
} finally {
  clearTimeout(deadline)
  abort.abort()
  await Promise.allSettled(children.map((child) => child.stop()))
  await rm(directory, { recursive: true, force: true })
}
