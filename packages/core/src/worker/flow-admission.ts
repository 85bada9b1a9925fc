import type { Backend } from '../contracts/backend.ts'
import { TqError } from '../errors/tq-error.ts'
import { readJoined } from '../runtime/joined-values.ts'
import { isMissing, type Payloads } from '../runtime/payloads.ts'
import type { Envelope } from '../task/envelope.ts'

/** Of the workflows these tasks are part of, those that were revoked as a whole. */
export async function revokedWorkflows(
  backend: Backend | undefined,
  envelopes: readonly Envelope[],
): Promise<ReadonlySet<string>> {
  const roots = [...new Set(envelopes.flatMap(({ flow }) => flow?.root ?? []))]
  if (!backend || roots.length === 0) return new Set()
  const records = await backend.results.get(roots)
  return new Set(records.flatMap((record) => (record?.state === 'REVOKED' ? record.id : [])))
}

/**
 * The inputs that did not travel: kept outside, or the values of a join, put together; those of other tasks are in their
 * envelopes. Why there is none, in the place of one that cannot be had.
 */
export async function inputsOf(
  backend: Backend | undefined,
  payloads: Payloads,
  envelopes: readonly Envelope[],
): Promise<ReadonlyMap<Envelope, unknown>> {
  const inputs = await keptInputs(payloads, envelopes)
  if (!backend) return inputs
  for (const envelope of envelopes) {
    const from = envelope.flow?.inputFrom
    if (!from) continue
    const { takes } = from
    const rest = inputs.has(envelope) ? inputs.get(envelope) : envelope.input
    if (takes !== 'previous' && rest instanceof TqError) continue
    try {
      const values = await readJoined(backend.state, payloads, from)
      inputs.set(
        envelope,
        takes === 'previous' ? values : { ...(rest as object | undefined), [takes.field]: values },
      )
    } catch (error) {
      if (!isMissing(error)) throw error
      inputs.set(envelope, error)
    }
  }
  return inputs
}

async function keptInputs(
  payloads: Payloads,
  envelopes: readonly Envelope[],
): Promise<Map<Envelope, unknown>> {
  const inputs = new Map<Envelope, unknown>()
  const kept = envelopes.flatMap((envelope) =>
    envelope.payload ? [{ envelope, ref: envelope.payload }] : [],
  )
  if (kept.length === 0) return inputs
  const values = await payloads.load(kept.map(({ ref }) => ref))
  for (const [at, { envelope }] of kept.entries()) inputs.set(envelope, values[at])
  return inputs
}
