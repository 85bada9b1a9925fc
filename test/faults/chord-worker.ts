// A worker process of the chord tests: killed and replaced at will.
import { createWorker } from '@tq/core'
import { rabbitmq } from '@tq/rabbitmq'
import { redis } from '@tq/redis'
import { sqlite } from '@tq/sqlite'
import { sqs } from '@tq/sqs'
import { type ChordMutant, disturb } from './chord-mutants.ts'
import { chordApp } from './chord-task.ts'
import { Ledger } from './ledger.ts'

const { url = '', backend, ledger = '', lease = '1000', mutant = 'none' } = process.env
const { app } = chordApp(
  { broker: url, ...(backend ? { backend } : {}) },
  [sqlite(), redis(), rabbitmq(), sqs()].map((adapter) => disturb(adapter, mutant as ChordMutant)),
  new Ledger(ledger),
)
const worker = createWorker(app, { concurrency: 20, lease: Number(lease), readAhead: 20 })
process.once('SIGTERM', () => void worker.stop({ grace: '5s' }).then(() => app.close()))
await worker.start()
process.send?.('ready')
await worker.stopped
process.disconnect?.()
