// A worker as a process, for as long as it is not started by `tq worker`.
import { createWorker } from '@tq/core'
import { app } from './app.ts'
import './tasks.ts'

const worker = createWorker(app, { queues: ['documents', 'maintenance'], concurrency: 4 })
await worker.start()
console.log('worker: ready')

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void worker.stop())
await worker.stopped
await app.close()
