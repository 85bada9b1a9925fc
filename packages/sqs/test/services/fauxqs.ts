import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { TestSqs } from './test-sqs.ts'

/** The endpoint of the environment, or fauxqs. */
export async function startSqs(): Promise<TestSqs> {
  const given = process.env['TQ_TEST_SQS_ENDPOINT']
  if (given) return { endpoint: given, stop: async () => {} }
  return await startFauxqs()
}

async function startFauxqs(): Promise<TestSqs> {
  const server = fork(new URL('./fauxqs-main.ts', import.meta.url), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const [port] = (await once(server, 'message')) as [number]
  return {
    endpoint: `http://127.0.0.1:${port}`,
    stop: async () => {
      const exited = once(server, 'exit')
      server.kill()
      await exited
    },
  }
}
