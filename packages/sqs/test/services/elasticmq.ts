import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TestSqs } from './test-sqs.ts'

const version = '1.7.1'

/** Why there is no ElasticMQ to test with; undefined when there is one. Under CI that is a failure, not a reason. */
export function missingElasticMq(): string | undefined {
  if (process.env['TQ_TEST_ELASTICMQ_ENDPOINT']) return undefined
  const missing = ['java', ...(existsSync(jars()) ? [] : ['mvn'])].filter((name) => !onPath(name))
  if (missing.length === 0) return undefined
  const reason = `no TQ_TEST_ELASTICMQ_ENDPOINT, and no ${missing.join(' or ')} on PATH`
  if (process.env['CI'] === 'true') throw new Error(`ElasticMQ is needed under CI: ${reason}`)
  return reason
}

/** The endpoint of the environment, or a server of our own from its jars. */
export async function startElasticMq(): Promise<TestSqs> {
  const given = process.env['TQ_TEST_ELASTICMQ_ENDPOINT']
  if (given) return { endpoint: given, stop: async () => {} }
  if (!existsSync(jars())) fetchJars()
  const folder = mkdtempSync(join(tmpdir(), 'tq-elasticmq-'))
  const port = await freePort()
  const config = join(folder, 'elasticmq.conf')
  writeFileSync(
    config,
    `node-address { protocol = http, host = "127.0.0.1", port = ${port}, context-path = "" }
rest-sqs { enabled = true, bind-port = ${port}, bind-hostname = "127.0.0.1", sqs-limits = strict }
rest-stats { enabled = false }
`,
  )
  const options = ['-Xmx256m', `-Dconfig.file=${config}`, '-cp', join(jars(), '*')]
  // Ends with this process, however that ends: then the shell's input ends.
  const program = '"$@" & server=$!; read -r _; kill -9 $server; wait $server'
  const server = spawn('sh', ['-c', program, 'sh', 'java', ...options, 'org.elasticmq.server.Main'], {
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const endpoint = `http://127.0.0.1:${port}`
  await answers(endpoint, server)
  await warmUp(endpoint)
  return {
    endpoint,
    stop: async () => {
      const exited = once(server, 'exit')
      server.stdin?.end()
      await exited
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Outside the repository, kept from run to run. */
function jars(): string {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  return join(cache, 'tq-test', `elasticmq-${version}`)
}

/** The server and all it needs, by Maven. */
function fetchJars(): void {
  const folder = mkdtempSync(join(tmpdir(), 'tq-elasticmq-'))
  const pom = join(folder, 'pom.xml')
  writeFileSync(
    pom,
    `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>tq</groupId><artifactId>test</artifactId><version>1</version><dependencies><dependency>
<groupId>org.elasticmq</groupId><artifactId>elasticmq-server_2.13</artifactId><version>${version}</version>
</dependency></dependencies></project>`,
  )
  const target = join(folder, 'jars')
  execFileSync(
    'mvn',
    ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${target}`],
    {
      stdio: 'ignore',
    },
  )
  mkdirSync(join(jars(), '..'), { recursive: true })
  try {
    cpSync(target, jars(), { recursive: true, errorOnExist: true, force: false })
  } catch (error) {
    // On another disk, or another run was faster.
    if (!existsSync(jars())) throw error
  }
  rmSync(folder, { recursive: true, force: true })
}

function onPath(name: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, name)))
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return address.port
}

async function answers(endpoint: string, server: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 300 && server.exitCode === null; attempt++) {
    const answer = await fetch(endpoint).catch(() => undefined)
    if (answer) return
    await sleep(100)
  }
  throw new Error(`no ElasticMQ at ${endpoint}`)
}

/** A Java process is slow at first: cases would measure that. Asks until answers come fast, for a while at the most. */
async function warmUp(endpoint: string): Promise<void> {
  const QueueUrl = `${endpoint}/000000000000/warm-up`
  const ask = async (action: string, body: object) => {
    const answer = await fetch(endpoint, {
      method: 'POST',
      headers: { 'x-amz-target': `AmazonSQS.${action}`, 'content-type': 'application/x-amz-json-1.0' },
      body: JSON.stringify({ QueueUrl, ...body }),
    })
    return (await answer.json()) as { readonly Messages?: readonly { readonly ReceiptHandle: string }[] }
  }
  await ask('CreateQueue', { QueueName: 'warm-up' })
  const round = async () => {
    const Entries = [{ Id: '0', MessageBody: 'x' }]
    await ask('SendMessageBatch', { Entries })
    const { Messages = [] } = await ask('ReceiveMessage', { MaxNumberOfMessages: 10, WaitTimeSeconds: 0 })
    const handles = Messages.map(({ ReceiptHandle }, at) => ({ Id: String(at), ReceiptHandle }))
    if (handles.length === 0) return
    await ask('ChangeMessageVisibilityBatch', {
      Entries: handles.map((one) => ({ ...one, VisibilityTimeout: 30 })),
    })
    await ask('DeleteMessageBatch', { Entries: handles })
  }
  const until = performance.now() + 15_000
  for (let fast = 0; fast < 10 && performance.now() < until; ) {
    const startedAt = performance.now()
    await Promise.all(Array.from({ length: 8 }, round))
    fast = performance.now() - startedAt < 100 ? fast + 1 : 0
  }
}
