import { setTimeout as sleep } from 'node:timers/promises'
import { type Broker, systemClock } from '@tq/core/driver'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { adapter } from '../src/index.ts'
import { startCluster, type TestCluster } from './services/cluster.ts'
import { missingOwnRabbit } from './services/rabbitmq.ts'
import { idsOf, message, receive, receiverOf } from './stage.ts'

const missing =
  missingOwnRabbit() ?? (process.env['TQ_TEST_TIER'] === 'full' ? undefined : 'only in the full tier')

describe.skipIf(missing)(`three nodes${missing ? ` (${missing})` : ''}`, () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await startCluster()
  }, 120_000)
  afterAll(() => cluster?.stop(), 60_000)

  test('a leader is killed under load: nothing accepted is lost, and sending goes on within seconds', {
    timeout: 180_000,
  }, async () => {
    const broker = adapter.createBroker?.(cluster.url, { namespace: 'trio', clock: systemClock }) as Broker
    await broker.open()
    await broker.declare({ name: 'q' })
    const load = new Load(broker)
    const running = [load.send(), load.consume()]
    await load.accepts()
    const leader = await leaderOf(cluster, 'tq.trio.q.normal')
    const node = cluster.nodes.get(leader)
    await node?.kill?.()
    const killedAt = performance.now()
    await load.accepts()
    const awayMs = performance.now() - killedAt
    await sleep(5_000)
    await node?.start?.()
    await sleep(3_000)
    load.ending = true
    await Promise.all(running)
    await broker.close()
    console.log(
      `leader ${leader} killed: accepting again after ${Math.round(awayMs)} ms, ${load.accepted.size} accepted`,
    )
    expect(awayMs).toBeLessThan(10_000)
    expect([...load.accepted].filter((id) => !load.consumed.has(id))).toEqual([])
    expect(load.accepted.size).toBeGreaterThan(100)
  })
})

/** Sends and consumes until told to end, and then until nothing is left. */
class Load {
  readonly accepted = new Set<string>()
  readonly consumed = new Set<string>()
  ending = false
  readonly #broker: Broker
  #sent = 0

  constructor(broker: Broker) {
    this.#broker = broker
  }

  /** Resolves when more is accepted than now. */
  async accepts(): Promise<void> {
    const before = this.accepted.size
    while (this.accepted.size <= before) await sleep(10)
  }

  async send(): Promise<void> {
    while (!this.ending) {
      // Every third waits a while first, across the fault.
      const batch = Array.from({ length: 10 }, (_, n) =>
        message({ id: `${this.#sent++}`, ...(n % 3 === 0 ? { delayMs: 200 + n * 300 } : {}) }),
      )
      const outcomes = await this.#broker.publish('q', batch).catch(() => [])
      for (const [index, outcome] of outcomes.entries()) {
        if (outcome === 'accepted') this.accepted.add(batch[index]?.id ?? '')
      }
      await sleep(20)
    }
  }

  async consume(): Promise<void> {
    const left = () => [...this.accepted].some((id) => !this.consumed.has(id))
    const until = () => performance.now() + 60_000
    for (let deadline = until(); !this.ending || (left() && performance.now() < deadline); ) {
      if (!this.ending) deadline = until()
      try {
        const receiver = await receiverOf(this.#broker)
        for (;;) {
          const deliveries = await receive(receiver, 500)
          for (const id of idsOf(deliveries)) this.consumed.add(id)
          await receiver.ack(deliveries.map(({ lease }) => lease))
          if (this.ending && !left()) break
        }
        await receiver.close()
      } catch {
        await sleep(100)
      }
    }
  }
}

async function leaderOf({ nodes }: TestCluster, queue: string): Promise<string> {
  for (const node of nodes.values()) {
    const list = (await node.ctl?.('list_queues', '--silent', 'name', 'leader')) ?? ''
    const line = list.split('\n').find((one) => one.startsWith(`${queue}\t`))
    const leader = /\t(\w+)@/.exec(line ?? '')?.[1]
    if (leader) return leader
  }
  throw new Error(`nobody leads '${queue}'`)
}
