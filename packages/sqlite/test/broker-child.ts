// A process of its own on a file: what it does is the first argument, the URL the second.
import { systemClock } from '@tq/core/driver'
import { adapter } from '../src/index.ts'

const [task = '', url = '', queue = '', ...rest] = process.argv.slice(2)
const signal = new AbortController().signal
const context = { namespace: 'processes', clock: systemClock }

function broker() {
  const made = adapter.createBroker?.(url, context)
  if (!made) throw new Error('the adapter makes no broker')
  return made
}

function say(message: unknown): void {
  process.send?.(message as object)
}

const tasks: Record<string, () => Promise<void>> = {
  /** Opens the file when told, so that several do it in the same moment. */
  async open() {
    say('ready')
    await new Promise((resolve) => process.once('message', resolve))
    const opened = broker()
    await opened.open()
    await opened.declare({ name: queue })
    await opened.publish(queue, [{ id: String(process.pid), body: new Uint8Array(), headers: {} }])
    await opened.close()
    say('opened')
  },

  /** Takes and acks until told how many there are and all are done; reports what it took. */
  async consume() {
    const opened = broker()
    await opened.open()
    const receiver = await opened.openReceiver(queue, { leaseMs: 10_000, prefetch: 40 })
    const seen: string[] = []
    const done = new AbortController()
    process.once('message', () => done.abort())
    say('ready')
    while (!done.signal.aborted) {
      const deliveries = await receiver.receive({ max: 20, waitMs: 5_000, signal: done.signal })
      const settlements = await receiver.ack(deliveries.map(({ lease }) => lease))
      const settled = deliveries.filter((_, index) => settlements[index] === 'ok')
      seen.push(...settled.map(({ message }) => message.id))
      if (settled.length > 0) say({ took: settled.length })
    }
    await receiver.close()
    await opened.close()
    say({ seen })
  },

  /** Sends so many messages, one call each, all in flight at once by tens. */
  async publish() {
    const [prefix = '', count = '0'] = rest
    const opened = broker()
    await opened.open()
    const body = new TextEncoder().encode('x'.repeat(100))
    for (let start = 0; start < Number(count); start += 10) {
      const sending = Array.from({ length: 10 }, (_, index) =>
        opened.publish(queue, [{ id: `${prefix}${start + index}`, body, headers: {} }]),
      )
      await Promise.all(sending)
    }
    await opened.close()
    say('published')
  },

  /** Sends lists of larger messages, one after the other, without a pause. */
  async load() {
    const [calls = '0'] = rest
    const opened = broker()
    await opened.open()
    const list = Array.from({ length: 50 }, (_, index) => ({
      id: String(index),
      body: new Uint8Array(2_000),
      headers: {},
    }))
    for (let call = 0; call < Number(calls); call++) await opened.publish(queue, list)
    await opened.close()
    say('published')
  },

  /** Takes what is there, says so, and hangs until it is killed. */
  async hold() {
    const [leaseMs = '500'] = rest
    const opened = broker()
    await opened.open()
    const receiver = await opened.openReceiver(queue, { leaseMs: Number(leaseMs), prefetch: 100 })
    const deliveries = await receiver.receive({ max: 100, waitMs: 5_000, signal })
    say({ held: deliveries.map(({ message }) => message.id) })
    setInterval(() => {}, 1_000)
  },

  /** Waits for messages that do not come, and says what that cost. */
  async idle() {
    const [forMs = '1000'] = rest
    const opened = broker()
    await opened.open()
    const receiver = await opened.openReceiver(queue, { leaseMs: 30_000, prefetch: 1 })
    // The first second looks more often; what comes after is the state of an idle worker.
    await receiver.receive({ max: 1, waitMs: 300, signal })
    const before = process.cpuUsage()
    const startedAt = performance.now()
    await receiver.receive({ max: 1, waitMs: Number(forMs), signal })
    const { user, system } = process.cpuUsage(before)
    say({ share: (user + system) / 1_000 / (performance.now() - startedAt) })
    await opened.close()
  },
}

await tasks[task]?.()
if (task !== 'hold') process.disconnect?.()
