// A worker process of the poison tests. One of its tasks ends it.
import { createWorker } from '@tq/core'
import { rabbitmq } from '@tq/rabbitmq'
import { redis } from '@tq/redis'
import { sqlite } from '@tq/sqlite'
import { sqs } from '@tq/sqs'
import { Ledger } from './ledger.ts'
import { poisonApp } from './poison-tasks.ts'

const { url = '', backend, ledger = '', lease = '1000' } = process.env
const adapters = [sqlite(), redis(), rabbitmq(), sqs()]
const { app } = poisonApp({ broker: url, ...(backend ? { backend } : {}) }, adapters, new Ledger(ledger))
const worker = createWorker(app, { concurrency: 4, lease: Number(lease) })
process.once('SIGTERM', () => void worker.stop({ grace: '5s' }).then(() => app.close()))
await worker.start()
process.send?.('ready')
await worker.stopped
process.disconnect?.()
