import { isTerminal, type ResultBackend, type TaskRecord } from '@tq/core/driver'
import { type Mutant, onResults } from './mutant.ts'

/** A `put` that forces in what the real one refused, where the check says so. */
function forced(unfenced: (late: TaskRecord, stored: TaskRecord) => boolean): Mutant['wrap'] {
  const putOne = async (real: ResultBackend, record: TaskRecord) => {
    const [outcome = 'stale'] = await real.put([record])
    const [stored] = await real.get([record.id])
    if (outcome === 'stored' || !stored || !unfenced(record, stored)) return outcome
    await real.delete([record.id])
    const [again = 'stale'] = await real.put([record])
    return again
  }
  return onResults((real) => ({
    async put(records) {
      const outcomes: ('stored' | 'stale')[] = []
      for (const record of records) outcomes.push(await putOne(real, record))
      return outcomes
    },
  }))
}

function sameAttempt(one: TaskRecord, other: TaskRecord): boolean {
  return one.generation === other.generation && one.attempt === other.attempt
}

export const resultMutants: readonly Mutant[] = [
  {
    name: 'put is not fenced by the epoch',
    caughtBy: 'results/put-older-is-stale',
    wrap: forced((late, stored) => sameAttempt(late, stored) && !isTerminal(stored.state)),
  },
  {
    name: 'put is not fenced by a later claim',
    caughtBy: 'results/claim-fences-the-earlier-run-out',
    wrap: forced((late, stored) => sameAttempt(late, stored) && late.epoch >= stored.epoch),
  },
  {
    name: 'an end is not final',
    caughtBy: 'results/put-terminal-is-final-within-its-generation',
    wrap: forced((late, stored) => isTerminal(stored.state) && late.generation === stored.generation),
  },
  {
    name: 'numbers are compared as text',
    caughtBy: 'results/put-numbers-are-compared-as-numbers',
    wrap: forced((late, stored) => sameAttempt(late, stored) && String(late.epoch) > String(stored.epoch)),
  },
  {
    name: 'a stale record spoils its neighbours',
    caughtBy: 'results/put-one-outcome-per-record-in-order',
    wrap: onResults((real) => ({
      async put(records) {
        const outcomes = await real.put(records)
        return outcomes.includes('stale') ? outcomes.map(() => 'stale') : outcomes
      },
    })),
  },
  {
    name: 'what is absent is left out',
    caughtBy: 'results/get-in-order-and-undefined-where-absent',
    wrap: onResults((real) => ({
      get: async (ids) => (await real.get(ids)).filter((record) => record !== undefined),
    })),
  },
  {
    name: 'two runs get the same epoch',
    caughtBy: 'results/claim-epoch-rises-with-every-run',
    wrap: onResults((real) => ({
      claim: (items) => real.claim(items.map((item) => ({ ...item, runId: 'always the same' }))),
    })),
  },
  {
    name: 'a repeated claim gets another epoch',
    caughtBy: 'results/claim-same-run-same-epoch',
    wrap: onResults((real) => {
      let claims = 0
      return {
        claim: (items) => real.claim(items.map((item) => ({ ...item, runId: String(claims++) }))),
      }
    }),
  },
  {
    name: 'a revoked task is only ended',
    caughtBy: 'results/claim-terminal-and-revoked',
    wrap: onResults((real) => ({
      claim: async (items) =>
        (await real.claim(items)).map((outcome) => (outcome === 'revoked' ? 'terminal' : outcome)),
    })),
  },
  {
    name: 'a claim makes a record',
    caughtBy: 'results/claim-unknown-id-is-granted',
    wrap: onResults((real) => {
      const claimed = new Map<string, TaskRecord>()
      return {
        claim(items) {
          for (const { id, generation, attempt, ttlMs } of items) {
            const numbers = { generation, attempt, epoch: 1, updatedAt: 0, ttlMs, markMs: ttlMs }
            claimed.set(id, { id, name: '', queue: '', state: 'PENDING', detail: '', ...numbers })
          }
          return real.claim(items)
        },
        get: async (ids) => (await real.get(ids)).map((record, at) => record ?? claimed.get(ids[at] ?? '')),
      }
    }),
  },
  {
    name: 'the mark goes with the record',
    caughtBy: 'results/ttl-the-mark-outlives-the-record',
    wrap: onResults((real) => ({
      put: (records) => real.put(records.map((record) => ({ ...record, markMs: record.ttlMs }))),
    })),
  },
  {
    name: 'a record is kept for ever',
    caughtBy: 'results/ttl-reads-as-absent-afterwards',
    wrap: onResults((real) => {
      const kept = new Map<string, TaskRecord>()
      return {
        put(records) {
          for (const record of records) kept.set(record.id, record)
          return real.put(records)
        },
        get: async (ids) => (await real.get(ids)).map((record, at) => record ?? kept.get(ids[at] ?? '')),
      }
    }),
  },
  {
    name: 'delete keeps the mark',
    caughtBy: 'results/delete-forgets-records-and-marks',
    wrap: onResults((real) => {
      const deleted = new Set<string>()
      return {
        async delete(ids) {
          for (const id of ids) deleted.add(id)
        },
        get: async (ids) =>
          (await real.get(ids)).map((record) => (record && deleted.has(record.id) ? undefined : record)),
      }
    }),
  },
]
