import type { Adapter, Backend, Broker, CommitItem, Receiver, Settlement } from '@tq/core/driver'
import { isTerminal } from '@tq/core/driver'

/** Ways to break a driver on purpose: the fault tests must notice each. */
export type Mutant = 'none' | 'no-fence' | 'ack-before-run'

/** The adapter, broken. */
export function mutate(adapter: Adapter, mutant: Mutant): Adapter {
  if (mutant === 'none' || !adapter.createBroker) return adapter
  const { createBroker, createBackend } = adapter
  return {
    ...adapter,
    ...(createBackend && mutant === 'no-fence'
      ? { createBackend: (url, context) => withoutFencedRecords(createBackend(url, context)) }
      : {}),
    createBroker: (url, context) => {
      const broker = createBroker(url, context)
      const backend = adapter.createBackend?.(url, context)
      return wrapReceivers(broker, (receiver) =>
        mutant === 'ack-before-run'
          ? ackBeforeRun(receiver, async (items) => {
              await backend?.open()
              await backend?.results.put(items.flatMap(({ record }) => (record ? [record] : [])))
            })
          : withoutFence(receiver, async (items) => {
              await backend?.open()
              const records = items.flatMap(({ record }) => (record ? [record] : []))
              // Whoever comes last wins: what a store without a fence does.
              await backend?.results.delete(records.map(({ id }) => id))
              await backend?.results.put(records)
            }),
      )
    },
  }
}

/** The adapter, each of whose deliveries is told of: which message, and for which time it is delivered. */
export function witness(adapter: Adapter, leased: (id: string, delivery: number) => void): Adapter {
  const { createBroker } = adapter
  if (!createBroker) return adapter
  return {
    ...adapter,
    createBroker: (url, context) =>
      wrapReceivers(createBroker(url, context), (receiver) => {
        const receive = receiver.receive.bind(receiver)
        return Object.assign(receiver, {
          receive: async (options: Parameters<Receiver['receive']>[0]) => {
            const deliveries = await receive(options)
            for (const { message, deliveryCount } of deliveries) leased(message.id, deliveryCount ?? 0)
            return deliveries
          },
        })
      }),
  }
}

/** Where broker and backend are two: whoever comes last wins, and the claims are worth nothing. */
function withoutFencedRecords(backend: Backend): Backend {
  const { results } = backend
  const put = results.put.bind(results)
  return Object.assign(backend, {
    results: Object.assign(results, {
      put: async (records: Parameters<typeof put>[0]) => {
        const ended = records.filter(({ state }) => isTerminal(state))
        await results.delete(ended.map(({ id }) => id))
        return await put(records)
      },
    }),
  })
}

function wrapReceivers(broker: Broker, wrap: (receiver: Receiver) => Receiver): Broker {
  const open = broker.openReceiver.bind(broker)
  return Object.assign(broker, {
    openReceiver: async (...options: Parameters<Broker['openReceiver']>) => wrap(await open(...options)),
  })
}

function withoutFence(receiver: Receiver, store: (items: readonly CommitItem[]) => Promise<void>): Receiver {
  const commit = receiver.commit?.bind(receiver)
  return Object.assign(receiver, {
    commit: async (items: readonly CommitItem[]): Promise<readonly Settlement[]> => {
      const settlements = (await commit?.(items)) ?? []
      await store(items.filter((_, index) => settlements[index] === 'lost'))
      return items.map(() => 'ok')
    },
  })
}

function ackBeforeRun(receiver: Receiver, store: (items: readonly CommitItem[]) => Promise<void>): Receiver {
  const receive = receiver.receive.bind(receiver)
  return Object.assign(receiver, {
    receive: async (options: Parameters<Receiver['receive']>[0]) => {
      const deliveries = await receive(options)
      await receiver.ack(deliveries.map(({ lease }) => lease))
      return deliveries
    },
    // Nothing is left to settle: only the record is written.
    commit: async (items: readonly CommitItem[]): Promise<readonly Settlement[]> => {
      await store(items)
      return items.map(() => 'ok')
    },
  })
}
