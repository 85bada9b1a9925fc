// Server and worker in one process: what the memory broker needs, and enough for a small service on any other.
import { once } from 'node:events'
import { createWorker } from '@tq/core'
import { app } from './app.ts'
// The tasks: they belong to the app once they are loaded.
import './tasks.ts'

const worker = createWorker(app, { queues: ['documents', 'maintenance'], concurrency: 4 })
await worker.start()
void Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]).then(() => worker.stop())
await import('./main-server.ts')
