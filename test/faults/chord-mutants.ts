import type { Adapter, Backend, StateStore } from '@tq/core/driver'

/** Ways to join wrongly: the chord tests must notice each. `none`: only what services do anyway. */
export type ChordMutant = 'none' | 'counted' | 'forgotten'

/**
 * The adapter as a service that delivers one finished message in ten again. `counted`: a join counts reports, as Celery's
 * does. `forgotten`: finished messages are acknowledged before what follows is sent.
 */
export function disturb(adapter: Adapter, mutant: ChordMutant): Adapter {
  const { createBroker, createBackend } = adapter
  if (!createBroker || !createBackend) return adapter
  return {
    ...adapter,
    createBroker: (url, context) => {
      const broker = createBroker(url, context)
      const open = broker.openReceiver.bind(broker)
      return Object.assign(broker, {
        openReceiver: async (...options: Parameters<typeof open>) => {
          const receiver = await open(...options)
          const receive = receiver.receive.bind(receiver)
          const ack = receiver.ack.bind(receiver)
          return Object.assign(receiver, {
            receive: async (...wanted: Parameters<typeof receive>) => {
              const deliveries = await receive(...wanted)
              if (mutant === 'forgotten') await ack(deliveries.map(({ lease }) => lease))
              return deliveries
            },
            ack: async (leases: Parameters<typeof ack>[0]) => {
              if (mutant === 'forgotten') return leases.map(() => 'ok' as const)
              const again = new Set(leases.filter(() => Math.random() < 0.1))
              await receiver.nack([...again], { delayMs: 0 })
              await ack(leases.filter((lease) => !again.has(lease)))
              return leases.map(() => 'ok' as const)
            },
          })
        },
      })
    },
    createBackend: (url, context) => {
      const backend = createBackend(url, context)
      return mutant === 'counted' ? counting(backend) : backend
    },
  }
}

function counting(backend: Backend): Backend {
  const { state } = backend
  const join = state.join.bind(state)
  const counted: StateStore['join'] = async (reports) => {
    const answers = await join(reports)
    return await Promise.all(
      answers.map(async (answer, index) => {
        const key = `counted:${reports[index]?.join}`
        await state.count(key, { reports: 1 }, { ttlMs: 600_000 })
        const [sums] = await state.counted([key])
        return { ...answer, complete: answer.total > 0 && (sums?.['reports'] ?? 0) >= answer.total }
      }),
    )
  }
  return Object.assign(backend, { state: Object.assign(state, { join: counted }) })
}
