// fauxqs in a process of its own, so that a blocked event loop of a test does not block the service.
import { startFauxqs } from 'fauxqs'

interface Queue {
  processTimers(): void
  getAllAttributes(names: readonly string[]): Record<string, string>
}

// It moves what is due only when somebody receives, so that counts would go stale. SQS's do not.
const store = new URL('./sqs/sqsStore.js', import.meta.resolve('fauxqs')).href
const { SqsQueue } = (await import(store)) as { SqsQueue: { prototype: Queue } }
const { getAllAttributes } = SqsQueue.prototype
SqsQueue.prototype.getAllAttributes = function (names) {
  this.processTimers()
  return getAllAttributes.call(this, names)
}

const server = await startFauxqs({ port: 0, host: '127.0.0.1', logger: false })
process.send?.(server.port)
// Ends with whoever started it, however that ends.
process.once('disconnect', () => process.exit())
