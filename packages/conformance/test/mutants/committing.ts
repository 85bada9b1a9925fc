import type { CommitItem, Delivery, Settlement } from '@tq/core/driver'
import { type Around, type Mutant, onBroker, onReceiver } from './mutant.ts'

async function publishFollowUps({ broker }: Around, { publish = [] }: CommitItem): Promise<void> {
  for (const { queue, message } of publish) await broker.publish(queue, [message])
}

async function storeRecord({ results }: Around, { record }: CommitItem): Promise<void> {
  if (record) await results.put([record])
}

/** A commit that goes on where the real one stopped. */
function afterCommit(
  on: Settlement,
  act: (around: Around, item: CommitItem) => Promise<void>,
  answer: Settlement = on,
): Mutant['wrap'] {
  return onReceiver((real, around) => ({
    async commit(items) {
      const settlements = (await real.commit?.(items)) ?? []
      for (const [at, item] of items.entries()) if (settlements[at] === on) await act(around, item)
      return settlements.map((settlement) => (settlement === on ? answer : settlement))
    },
  }))
}

export const committingMutants: readonly Mutant[] = [
  {
    name: 'commit publishes although the lease is lost',
    caughtBy: 'commit/stale-holder-changes-nothing',
    wrap: afterCommit('lost', publishFollowUps),
  },
  {
    name: 'commit stores although the lease is lost',
    caughtBy: 'commit/stale-holder-changes-nothing',
    wrap: afterCommit('lost', storeRecord),
  },
  {
    name: 'commit publishes although its record is stale',
    caughtBy: 'commit/refused-record-is-stale',
    wrap: afterCommit('stale', publishFollowUps),
  },
  {
    name: 'commit does not tell that its record is stale',
    caughtBy: 'commit/an-older-run-is-stale',
    wrap: afterCommit('stale', async () => {}, 'ok'),
  },
  {
    name: 'commit forgets to acknowledge',
    caughtBy: 'commit/stores-publishes-and-acks',
    wrap: onReceiver((_, around) => ({
      async commit(items) {
        for (const item of items) {
          await storeRecord(around, item)
          await publishFollowUps(around, item)
        }
        return items.map(() => 'ok')
      },
    })),
  },
  {
    name: 'a repeated commit publishes again',
    caughtBy: 'commit/repeated-tells-what-happened',
    wrap: onReceiver((real, around) => {
      const done = new Set<CommitItem['lease']>()
      return {
        async commit(items) {
          for (const item of items) if (done.has(item.lease)) await publishFollowUps(around, item)
          for (const { lease } of items) done.add(lease)
          return (await real.commit?.(items)) ?? []
        },
      }
    }),
  },
  {
    name: 'publish forgets the record',
    caughtBy: 'accept/record-and-message-together',
    wrap: onBroker((real) => ({
      publish: (queue, messages) =>
        real.publish(
          queue,
          messages.map(({ record: _, ...message }) => message),
        ),
    })),
  },
  {
    name: 'a task accepted before is sent again',
    caughtBy: 'accept/same-id-again-adds-no-second-message',
    wrap: onBroker((real) => ({
      async publish(queue, messages) {
        const outcomes = await real.publish(queue, messages)
        const again = messages.filter(({ record }) => record?.detail === 'second')
        await real.publish(
          queue,
          again.map(({ record: _, ...message }) => message),
        )
        return outcomes
      },
    })),
  },
  {
    name: 'the verdict is always to run',
    caughtBy: 'verdict/terminal',
    wrap: onReceiver((real) => ({
      receive: async (options) =>
        (await real.receive(options)).map((delivery) => ({ ...delivery, verdict: 'run' as const })),
    })),
  },
  {
    name: 'the first verdict is kept',
    caughtBy: 'verdict/read-again-for-each-delivery',
    wrap: onReceiver((real) => {
      const first = new Map<string, Delivery>()
      return {
        async receive(options) {
          const deliveries = await real.receive(options)
          return deliveries.map((delivery) => {
            const { verdict } = first.get(delivery.message.id) ?? delivery
            first.set(delivery.message.id, delivery)
            return verdict === undefined ? delivery : { ...delivery, verdict }
          })
        },
      }
    }),
  },
]
