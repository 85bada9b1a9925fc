import type { Backend } from '../contracts/backend.ts'
import { readJoined } from '../runtime/joined-values.ts'
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

/** The inputs that are the values of a join, put together; those of other tasks are in their envelopes. */
export async function joinedInputs(
  backend: Backend | undefined,
  envelopes: readonly Envelope[],
): Promise<ReadonlyMap<Envelope, unknown>> {
  const inputs = new Map<Envelope, unknown>()
  if (!backend) return inputs
  for (const envelope of envelopes) {
    const from = envelope.flow?.inputFrom
    if (!from) continue
    const values = await readJoined(backend.state, from)
    const { takes } = from
    const input =
      takes === 'previous' ? values : { ...(envelope.input as object | undefined), [takes.field]: values }
    inputs.set(envelope, input)
  }
  return inputs
}
