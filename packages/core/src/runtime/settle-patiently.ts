import type { Broker, Lease, Settlement } from '../contracts/broker.ts'
import type { Clock } from '../contracts/time.ts'
import { brokerError, isTransient } from '../errors/broker-error.ts'
import { describeError } from '../errors/task-errors.ts'
import { sleep } from '../util/sleep.ts'

/** Some seconds in all: somebody waits for it. */
const mostRounds = 7

/**
 * Settles for somebody who waits: what got no answer, and what the service refuses for now, is asked for again.
 *
 * @throws BrokerError when that did not help
 */
export async function settlePatiently(
  { broker, clock }: { readonly broker: Broker; readonly clock: Clock },
  doing: string,
  leases: readonly Lease[],
  ask: (open: readonly Lease[]) => Promise<readonly Settlement[]>,
): Promise<void> {
  let open = leases
  for (let round = 1; open.length > 0; round++) {
    let failure: unknown
    try {
      const settlements = await ask(open)
      open = open.filter((_, index) => (settlements[index] ?? 'unknown') === 'unknown')
    } catch (error) {
      failure = error
    }
    if (open.length === 0) return
    const kind = failure === undefined ? 'connection' : broker.classify(failure)
    if (round === mostRounds || !isTransient(kind)) {
      const reason = failure === undefined ? 'no answer came' : describeError(failure).message
      throw brokerError(kind, doing, broker.name, reason, failure)
    }
    await sleep(clock, 50 * 2 ** round * (0.5 + Math.random() / 2))
  }
}
