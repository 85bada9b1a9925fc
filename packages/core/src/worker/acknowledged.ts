import type { Receiver } from '../contracts/broker.ts'
import type { Outcome } from './outcome.ts'

/** What a task that was acknowledged before it ran ends with, when it can no longer be given back. */
export function endOfAcknowledged(outcome: Outcome): Outcome {
  if (outcome.type !== 'release' && outcome.type !== 'lost') return outcome
  const error = {
    name: 'WorkerStopping',
    message: 'The worker stopped while it ran, and it may run only once.',
  }
  return { type: 'dead', error, reason: 'stopped; acknowledged before it ran' }
}

/** For storing what needs no receiver any more. */
export const noReceiver: Receiver = {
  receive: async () => [],
  ack: async (leases) => leases.map(() => 'lost'),
  nack: async (leases) => leases.map(() => 'lost'),
  extend: async (leases) => leases.map(() => 'lost'),
  close: async () => {},
}
