// A worker process of the fault tests: killed, stopped and replaced at will.
import { createWorker } from '@tq/core'
import { faultAdapters } from './fault-adapters.ts'
import { Ledger } from './ledger.ts'
import { ledgerApp } from './ledger-task.ts'
import { type Mutant, mutate, witness } from './mutants.ts'

const { url = '', backend, ledger = '', lease = '1000', mutant = 'none' } = process.env
const notes = new Ledger(ledger)
const { app } = ledgerApp(
  { broker: url, ...(backend ? { backend } : {}) },
  faultAdapters.map((adapter) =>
    witness(mutate(adapter, mutant as Mutant), (id, delivery) => notes.note('lease', id, String(delivery))),
  ),
  notes,
)
const worker = createWorker(app, { concurrency: 10, lease: Number(lease), readAhead: 20 })
process.once('SIGTERM', () => void worker.stop({ grace: '5s' }).then(() => app.close()))
await worker.start()
process.send?.('ready')
await worker.stopped
process.disconnect?.()
