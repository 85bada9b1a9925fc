// A worker process of the fault tests: killed, stopped and replaced at will.
import { createWorker } from '@tq/core'
import { rabbitmq } from '@tq/rabbitmq'
import { redis } from '@tq/redis'
import { sqlite } from '@tq/sqlite'
import { sqs } from '@tq/sqs'
import { Ledger } from './ledger.ts'
import { ledgerApp } from './ledger-task.ts'
import { type Mutant, mutate } from './mutants.ts'

const { url = '', backend, ledger = '', lease = '1000', mutant = 'none' } = process.env
const { app } = ledgerApp(
  { broker: url, ...(backend ? { backend } : {}) },
  [sqlite(), redis(), rabbitmq(), sqs()].map((adapter) => mutate(adapter, mutant as Mutant)),
  new Ledger(ledger),
)
const worker = createWorker(app, { concurrency: 10, lease: Number(lease), readAhead: 20 })
process.once('SIGTERM', () => void worker.stop({ grace: '5s' }).then(() => app.close()))
await worker.start()
process.send?.('ready')
await worker.stopped
process.disconnect?.()
