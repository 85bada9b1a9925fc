// A worker process of the poison tests. One of its tasks ends it.
import { createWorker } from '@tq/core'
import { faultAdapters } from './fault-adapters.ts'
import { Ledger } from './ledger.ts'
import { witness } from './mutants.ts'
import { poisonApp } from './poison-tasks.ts'

const { url = '', backend, ledger = '', lease = '1000' } = process.env
const notes = new Ledger(ledger)
const adapters = faultAdapters.map((adapter) =>
  witness(adapter, (id, delivery) => notes.note('lease', id, String(delivery))),
)
const { app } = poisonApp({ broker: url, ...(backend ? { backend } : {}) }, adapters, notes)
const worker = createWorker(app, { concurrency: 4, lease: Number(lease) })
process.once('SIGTERM', () => void worker.stop({ grace: '5s' }).then(() => app.close()))
await worker.start()
process.send?.('ready')
await worker.stopped
process.disconnect?.()
