// Producers in other languages, on each broker they are written for: what they send, a real worker runs.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createApp } from '@tq/core'
import { describe, expect, inject, test } from 'vitest'
import { pairs } from '../features/pairs.ts'

const folder = fileURLToPath(new URL('../../apps/polyglot-producer/', import.meta.url))
const tq = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url))
const longestMs = 120_000

const sqs = {
  AWS_REGION: 'eu-central-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  SQS_ENDPOINT: inject('sqs').endpoint,
}
const scripts: Readonly<
  Record<string, readonly (readonly [script: string, from: string, tenant: string])[]>
> = {
  redis: [
    ['send_redis.py', 'Python', 'python'],
    ['send-redis.sh', 'redis-cli', 'shell'],
  ],
  'rabbitmq × sqlite': [['send_rabbitmq.py', 'Python', 'python']],
  'sqs × sqlite': [
    ['send_sqs.py', 'Python', 'python'],
    ['send-sqs.sh', 'curl', 'shell'],
  ],
}

describe('polyglot-producer', () => {
  for (const pair of pairs.filter(({ name }) => name in scripts)) {
    test.skipIf(pair.missing !== undefined)(
      pair.name,
      async () => {
        const open = pair.open()
        const { broker, backend, namespace = 'tq' } = open.options
        const environment = {
          ...process.env,
          ...sqs,
          TQ_BROKER_URL: String(broker),
          TQ_BACKEND_URL: typeof backend === 'string' ? backend : '',
          TQ_NAMESPACE: namespace,
        }
        const app = createApp(open.options)
        const flags = ['-C', '@tq/source', tq, 'worker', '-A', 'src/tasks.ts', '--log-format', 'json']
        const worker = spawn(process.execPath, [...flags, '--connect-timeout', '30s'], {
          cwd: folder,
          env: environment,
          stdio: ['ignore', 'pipe', 'inherit'],
        })
        try {
          // The queue is there when the worker is ready.
          for await (const line of worker.stdout.setEncoding('utf8'))
            if (String(line).includes('"ready"')) break
          for (const [script, from, tenant] of scripts[pair.name] ?? []) {
            // Quotes, a backslash and a letter of two bytes have to come through all the quoting.
            const input = JSON.stringify({ name: 'Zoë "\\"', from })
            const { stdout } = await promisify(execFile)(`${folder}${script}`, ['polyglot.greet', input], {
              env: environment,
            })
            const result = app.result<{ text: string; tenant: string }>(stdout.trim())
            // Nothing was written at send: the id is known once a worker has it.
            await expect.poll(() => result.info(), { timeout: 30_000 }).toBeDefined()
            expect(await result.get({ timeout: '30s' })).toEqual({
              text: `Hello Zoë "\\", says ${from}.`,
              tenant,
            })
          }
        } finally {
          worker.kill('SIGTERM')
          await once(worker, 'exit')
          await app.close()
          open.close()
        }
      },
      longestMs,
    )
  }
})
