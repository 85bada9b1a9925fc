import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { KeeperSpec } from '@tq/core/driver'
import type { BrokerCase } from './offers.ts'
import { keeper, realTime } from './offers.ts'
import { message } from './stage.ts'

/** Does in a thread what the runtime's lease thread does: makes the keeper, extends when told or by itself. */
const program = `
  const { parentPort, workerData } = require('node:worker_threads')
  const run = async () => {
    const { createKeeper } = await import(workerData.module)
    const keeper = await createKeeper(workerData.data)
    const extend = async () => {
      try { return await keeper.extend() } catch (error) { return 'rejected: ' + error }
    }
    let timer
    parentPort.on('message', async (order) => {
      if (order === 'extend') parentPort.postMessage(await extend())
      if (order.every) timer = setInterval(extend, order.every)
      if (order === 'close') {
        clearInterval(timer)
        await keeper.close()
        await keeper.close()
        parentPort.postMessage('closed')
        parentPort.close()
      }
    })
    parentPort.postMessage('made')
  }
  run()
`

/** A keeper in a thread of its own. */
class KeeperThread {
  readonly #worker: Worker

  private constructor(spec: KeeperSpec) {
    this.#worker = new Worker(program, { eval: true, workerData: spec })
  }

  static async start(spec: KeeperSpec): Promise<KeeperThread> {
    const thread = new KeeperThread(spec)
    assert.equal(await thread.#answer(), 'made')
    return thread
  }

  async extend(): Promise<string> {
    this.#worker.postMessage('extend')
    return await this.#answer()
  }

  extendEvery(ms: number): void {
    this.#worker.postMessage({ every: ms })
  }

  async close(): Promise<void> {
    this.#worker.postMessage('close')
    assert.equal(await this.#answer(), 'closed')
    await this.#worker.terminate()
  }

  async #answer(): Promise<string> {
    const [answer] = (await once(this.#worker, 'message')) as [string]
    return answer
  }
}

export const keeperCases: readonly BrokerCase[] = [
  {
    id: 'keeper/renews-from-another-thread',
    promise: 'Renews all that the receiver holds.',
    requires: [keeper, realTime],
    // Two leases of six seconds, where a second is the least there is.
    timeoutMs: 60_000,
    async run(stage) {
      // Starting a thread takes a while on a busy machine.
      const leaseMs = 3 * stage.leaseMs
      const { broker, queue, receiver } = await stage.set({ leaseMs })
      assert.ok(receiver.keeper)
      const thread = await KeeperThread.start(receiver.keeper)
      const other = await stage.receiver(broker, queue)
      await stage.publish(broker, queue, message(), message())
      const held = await stage.take(receiver, 2)
      for (let third = 0; third < 6; third++) {
        assert.equal(await thread.extend(), 'ok')
        await stage.nothing(other, 'what a keeper renews is kept', leaseMs / 3)
      }
      await thread.close()
      assert.deepEqual(await receiver.ack(held.map(({ lease }) => lease)), ['ok', 'ok'])
    },
  },
  {
    id: 'keeper/keeps-leases-while-the-event-loop-is-blocked',
    promise: "How a thread of its own can keep this receiver's leases while the main event loop is blocked.",
    requires: [keeper, realTime],
    exclusive: true,
    async run(stage) {
      const { broker, queue, receiver } = await stage.set({ leaseMs: stage.leaseMs })
      assert.ok(receiver.keeper)
      const thread = await KeeperThread.start(receiver.keeper)
      await stage.publish(broker, queue, message())
      const { lease } = await stage.takeOne(receiver)
      thread.extendEvery(stage.leaseMs / 5)
      const until = performance.now() + 2 * stage.leaseMs + stage.resolution
      while (performance.now() < until);
      assert.deepEqual(await receiver.ack([lease]), ['ok'])
      await thread.close()
    },
  },
  {
    id: 'keeper/says-when-leases-are-lost',
    promise: "`lost`: the receiver's leases have ended.",
    requires: [keeper, realTime],
    async run(stage) {
      const { broker, queue, receiver } = await stage.set({ leaseMs: stage.leaseMs })
      assert.ok(receiver.keeper)
      const thread = await KeeperThread.start(receiver.keeper)
      await stage.publish(broker, queue, message())
      await stage.takeOne(receiver)
      await stage.pastLease()
      const successor = await stage.receiver(broker, queue)
      const delivery = await stage.takeOne(successor, stage.reclaimMs)
      assert.equal(await thread.extend(), 'lost')
      await thread.close()
      assert.deepEqual(await successor.ack([delivery.lease]), ['ok'])
    },
  },
]
