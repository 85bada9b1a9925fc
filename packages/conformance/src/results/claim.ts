import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { ClaimOutcome, ClaimRequest, ResultBackend } from '@tq/core/driver'
import type { BackendCase } from '../state/offers.ts'
import { record } from '../state/stage.ts'

function request(id: string, parts: Partial<ClaimRequest> = {}): ClaimRequest {
  return { id, generation: 0, attempt: 0, runId: randomUUID(), ttlMs: 60_000, ...parts }
}

/** The epoch of a claim that must be granted. */
async function epochOf(results: ResultBackend, claim: ClaimRequest): Promise<number> {
  const [outcome] = await results.claim([claim])
  assert.ok(typeof outcome === 'object', `granted, not ${String(outcome)}`)
  return outcome.epoch
}

async function outcomeOf(results: ResultBackend, claim: ClaimRequest): Promise<ClaimOutcome | undefined> {
  const [outcome] = await results.claim([claim])
  return outcome
}

export const claimCases: readonly BackendCase[] = [
  {
    id: 'results/claim-unknown-id-is-granted',
    promise: 'How long the claim must be remembered when there is no record yet.',
    async run(stage) {
      const results = await stage.results()
      const id = stage.key()
      const first = await epochOf(results, request(id))
      assert.ok(Number.isSafeInteger(first) && first >= 1, `above the 0 of what never ran, not ${first}`)
      assert.ok((await epochOf(results, request(id))) > first, 'and remembered')
      assert.deepEqual(await results.get([id]), [undefined], 'a claim makes no record')
    },
  },
  {
    id: 'results/claim-epoch-rises-with-every-run',
    promise: 'Write with this number; every earlier claim of the task is fenced out.',
    async run(stage) {
      const results = await stage.results()
      const task = record({ state: 'PENDING' })
      await results.put([task])
      let last = 0
      for (let round = 0; round < 5; round++) {
        const epoch = await epochOf(results, request(task.id))
        assert.ok(epoch > last, `${epoch} after ${last}`)
        last = epoch
      }
    },
  },
  {
    id: 'results/claim-same-run-same-epoch',
    promise: 'A repeated claim with the same `runId` gets the same epoch again.',
    async run(stage) {
      const results = await stage.results()
      const id = stage.key()
      const claim = request(id)
      const epoch = await epochOf(results, claim)
      assert.equal(await epochOf(results, claim), epoch)
      await results.put([record({ id, epoch })])
      assert.equal(await epochOf(results, claim), epoch, 'also when it has written since')
    },
  },
  {
    id: 'results/claim-fences-the-earlier-run-out',
    promise: 'Every earlier claim of the task is fenced out.',
    async run(stage) {
      const results = await stage.results()
      const task = record({ state: 'PENDING' })
      await results.put([task])
      const first = await epochOf(results, request(task.id))
      const second = await epochOf(results, request(task.id))
      const late = { ...task, state: 'SUCCESS', epoch: first } as const
      assert.deepEqual(await results.put([late]), ['stale'], 'before the later run has written anything')
      assert.equal((await results.get([task.id]))[0]?.state, 'PENDING')
      assert.deepEqual(await results.put([{ ...late, epoch: second }]), ['stored'])
    },
  },
  {
    id: 'results/claim-fences-without-a-record-too',
    promise: 'Every earlier claim of the task is fenced out.',
    async run(stage) {
      const results = await stage.results()
      const id = stage.key()
      const first = await epochOf(results, request(id))
      const second = await epochOf(results, request(id))
      assert.deepEqual(await results.put([record({ id, epoch: first })]), ['stale'])
      assert.deepEqual(await results.put([record({ id, epoch: second })]), ['stored'])
    },
  },
  {
    id: 'results/claim-superseded-by-a-later-attempt',
    promise: '`superseded`: a later attempt exists.',
    async run(stage) {
      const results = await stage.results()
      const task = record({ state: 'RETRY', generation: 1, attempt: 2, epoch: 1 })
      await results.put([task])
      assert.equal(await outcomeOf(results, request(task.id, { generation: 1, attempt: 1 })), 'superseded')
      assert.equal(await outcomeOf(results, request(task.id, { generation: 0, attempt: 9 })), 'superseded')
      assert.deepEqual(await results.get([task.id]), [task], 'a refused claim changes nothing')
      await epochOf(results, request(task.id, { generation: 1, attempt: 2 }))
    },
  },
  {
    id: 'results/claim-superseded-by-a-later-claim',
    promise: '`superseded`: a later attempt exists.',
    async run(stage) {
      const results = await stage.results()
      const id = stage.key()
      await epochOf(results, request(id, { attempt: 1 }))
      assert.equal(await outcomeOf(results, request(id, { attempt: 0 })), 'superseded')
      await epochOf(results, request(id, { attempt: 2 }))
      assert.equal(await outcomeOf(results, request(id, { attempt: 1 })), 'superseded')
    },
  },
  {
    id: 'results/claim-a-later-attempt-is-granted',
    promise: 'Ordered by (`generation`, `attempt`, `epoch`).',
    async run(stage) {
      const results = await stage.results()
      const task = record({ state: 'RETRY', attempt: 1, epoch: 3 })
      await results.put([task])
      const epoch = await epochOf(results, request(task.id, { attempt: 2 }))
      const done = { ...task, state: 'SUCCESS', attempt: 2, epoch } as const
      assert.deepEqual(await results.put([done]), ['stored'])
    },
  },
  {
    id: 'results/claim-terminal-and-revoked',
    promise: '`terminal`: it has ended. `revoked`: it was revoked.',
    async run(stage) {
      const results = await stage.results()
      for (const state of ['SUCCESS', 'FAILURE', 'REVOKED'] as const) {
        const ended = record({ state, attempt: 1 })
        await results.put([ended])
        const expected = state === 'REVOKED' ? 'revoked' : 'terminal'
        for (const attempt of [1, 2]) {
          assert.equal(
            await outcomeOf(results, request(ended.id, { attempt })),
            expected,
            `${state}, ${attempt}`,
          )
        }
        assert.deepEqual(await results.get([ended.id]), [ended])
      }
    },
  },
  {
    id: 'results/claim-a-higher-generation-starts-again',
    promise: 'Generation rises when a person runs a finished task again.',
    async run(stage) {
      const results = await stage.results()
      const ended = record({ state: 'FAILURE', attempt: 3, epoch: 8 })
      await results.put([ended])
      const epoch = await epochOf(results, request(ended.id, { generation: 1 }))
      assert.deepEqual(
        await results.put([{ ...ended, state: 'SUCCESS', generation: 1, attempt: 0, epoch }]),
        ['stored'],
      )
    },
  },
  {
    id: 'results/claim-a-batch-in-order',
    promise: 'Called once per received batch.',
    async run(stage) {
      const results = await stage.results()
      const [done, revoked, retried] = [
        record({ state: 'SUCCESS' }),
        record({ state: 'REVOKED' }),
        record({ state: 'RETRY', attempt: 1 }),
      ]
      await results.put([done, revoked, retried])
      const fresh = stage.key()
      const asked = [fresh, done.id, fresh, revoked.id, retried.id].map((id) => request(id))
      const [first, second, third, fourth, fifth] = await results.claim(asked)
      assert.ok(typeof first === 'object' && typeof third === 'object')
      assert.ok(third.epoch > first.epoch, 'two runs of one task in one batch are two runs')
      assert.deepEqual([second, fourth, fifth], ['terminal', 'revoked', 'superseded'])
      assert.deepEqual(await results.claim([]), [])
    },
  },
]
