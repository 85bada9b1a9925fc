import assert from 'node:assert/strict'
import type { JoinProgress, StateStore } from '@tq/core/driver'
import { walk } from './collections.ts'
import type { BackendCase } from './offers.ts'
import { longTtlMs } from './stage.ts'

const ttlMs = longTtlMs
const sealed = { ttlMs, sealed: true }
const open = { ttlMs, sealed: false }

/** One child's word. */
async function report(state: StateStore, join: string, child: string, value: string): Promise<JoinProgress> {
  const [progress] = await state.join([{ join, child, value }])
  assert.ok(progress, 'an answer per report')
  return progress
}

export const joinCases: readonly BackendCase[] = [
  {
    id: 'state/join-completes-with-the-last-child',
    promise: 'Every expected child has reported and the set is sealed.',
    async run(stage) {
      const state = await stage.state()
      const name = stage.key()
      await state.expect(name, ['a', 'b', 'c'], sealed)
      assert.deepEqual(
        { ...(await report(state, name, 'b', '2')) },
        { added: true, done: 1, total: 3, complete: false },
      )
      assert.deepEqual(
        { ...(await report(state, name, 'a', '1')) },
        { added: true, done: 2, total: 3, complete: false },
      )
      assert.deepEqual(
        { ...(await report(state, name, 'c', '')) },
        { added: true, done: 3, total: 3, complete: true },
      )
    },
  },
  {
    id: 'state/join-first-value-wins',
    promise: 'The first value per child wins.',
    async run(stage) {
      const state = await stage.state()
      const name = stage.key()
      await state.expect(name, ['a', 'b'], sealed)
      await report(state, name, 'a', 'first')
      const repeated = await report(state, name, 'a', 'second')
      assert.deepEqual({ ...repeated }, { added: false, done: 1, total: 2, complete: false })
      await report(state, name, 'b', 'other')
      const late = await report(state, name, 'b', 'late')
      assert.deepEqual(
        { ...late },
        { added: false, done: 2, total: 2, complete: true },
        'a repeat tells how it stands',
      )
      const { members } = await state.joined(name, { limit: 10 })
      assert.deepEqual(
        members.map(({ value }) => value),
        ['first', 'other'],
      )
    },
  },
  {
    id: 'state/join-unexpected-child-changes-nothing',
    promise: 'One that is not expected changes nothing.',
    async run(stage) {
      const state = await stage.state()
      const name = stage.key()
      await state.expect(name, ['a'], sealed)
      const stranger = await report(state, name, 'stranger', 'x')
      assert.deepEqual({ ...stranger }, { added: false, done: 0, total: 1, complete: false })
      const nowhere = await report(state, stage.key(), 'a', 'x')
      assert.deepEqual(
        { ...nowhere },
        { added: false, done: 0, total: 0, complete: false },
        'a join nobody named',
      )
      assert.equal((await report(state, name, 'a', '1')).complete, true)
      const { members } = await state.joined(name, { limit: 10 })
      assert.deepEqual(
        members.map(({ member }) => member),
        ['a'],
      )
    },
  },
  {
    id: 'state/join-is-not-complete-until-sealed',
    promise: 'May be called again with more until `sealed`.',
    async run(stage) {
      const state = await stage.state()
      const name = stage.key()
      await state.expect(name, ['a'], open)
      const early = await report(state, name, 'a', '1')
      assert.deepEqual({ ...early }, { added: true, done: 1, total: 1, complete: false }, 'more may come')
      await state.expect(name, ['a', 'b', 'b'], open)
      const repeated = await report(state, name, 'a', 'x')
      assert.deepEqual(
        { ...repeated },
        { added: false, done: 1, total: 2, complete: false },
        'named twice is one',
      )
      await state.expect(name, [], sealed)
      assert.equal((await report(state, name, 'b', '2')).complete, true)
    },
  },
  {
    id: 'state/join-whoever-seals-learns-that-it-is-complete',
    promise: 'Says how far it is now: who seals last may be the one to learn that it is complete.',
    async run(stage) {
      const state = await stage.state()
      const name = stage.key()
      const opened = await state.expect(name, ['a', 'b'], open)
      assert.deepEqual({ ...opened }, { added: false, done: 0, total: 2, complete: false })
      await state.join([
        { join: name, child: 'a', value: '1' },
        { join: name, child: 'b', value: '2' },
      ])
      const closed = await state.expect(name, [], sealed)
      assert.deepEqual({ ...closed }, { added: false, done: 2, total: 2, complete: true })
      const again = await state.expect(name, [], sealed)
      assert.deepEqual({ ...again }, { added: false, done: 2, total: 2, complete: true }, 'told again')
    },
  },
  {
    id: 'state/join-reports-in-one-call',
    promise: 'One answer per report, in order; each report is atomic.',
    async run(stage) {
      const state = await stage.state()
      const [name, other] = [stage.key(), stage.key()]
      await state.expect(name, ['a', 'b'], sealed)
      await state.expect(other, ['a'], sealed)
      const answers = await state.join([
        { join: name, child: 'b', value: '2' },
        { join: other, child: 'a', value: 'x' },
        { join: name, child: 'b', value: 'again' },
        { join: name, child: 'a', value: '1' },
      ])
      assert.deepEqual(
        answers.map(({ added, complete }) => ({ added, complete })),
        [
          { added: true, complete: false },
          { added: true, complete: true },
          { added: false, complete: false },
          { added: true, complete: true },
        ],
      )
      assert.deepEqual(await state.join([]), [])
    },
  },
  {
    id: 'state/join-adding-to-a-sealed-one-changes-nothing',
    promise: 'Adding to a sealed join changes nothing.',
    async run(stage) {
      const state = await stage.state()
      const name = stage.key()
      await state.expect(name, ['a', 'b'], sealed)
      await state.expect(name, ['c'], open)
      await state.expect(name, ['d'], sealed)
      assert.deepEqual(
        { ...(await report(state, name, 'c', 'x')) },
        { added: false, done: 0, total: 2, complete: false },
      )
      await report(state, name, 'a', '1')
      assert.equal((await report(state, name, 'b', '2')).complete, true)
    },
  },
  {
    id: 'state/join-of-nothing-is-complete',
    promise: 'Every expected child has reported and the set is sealed: of none, all have.',
    async run(stage) {
      const state = await stage.state()
      const name = stage.key()
      await state.expect(name, [], sealed)
      assert.deepEqual(
        { ...(await report(state, name, 'nobody', '')) },
        { added: false, done: 0, total: 0, complete: true },
      )
      assert.deepEqual(await state.joined(name, { limit: 10 }), { members: [], next: undefined })
    },
  },
  {
    id: 'state/join-values-in-the-order-named',
    promise: 'The values that counted, paged in the order the children were named.',
    async run(stage) {
      const state = await stage.state()
      const name = stage.key()
      const children = Array.from({ length: 120 }, (_, at) => `child ${(at * 37) % 120}`)
      await state.expect(name, children.slice(0, 70), open)
      await state.expect(name, children.slice(70), sealed)
      const reporting = children.filter((_, at) => at % 5 !== 0)
      for (const child of reporting.toReversed()) await report(state, name, child, `value of ${child}`)
      const joined = await walk(
        (cursor) => state.joined(name, cursor ? { cursor, limit: 25 } : { limit: 25 }),
        25,
      )
      assert.deepEqual(
        joined,
        reporting.map((member) => ({ member, value: `value of ${member}` })),
      )
    },
  },
  {
    id: 'state/join-a-thousand-children-at-once',
    promise: 'Every change is atomic.',
    timeoutMs: 60_000,
    exclusive: true,
    async run(stage) {
      const first = await stage.open()
      const second = await stage.again(first)
      const name = stage.key()
      const children = Array.from({ length: 1_000 }, (_, at) => `child ${at}`)
      await first.state.expect(name, children, sealed)
      const reports = children.map((child, at) =>
        report((at % 2 === 0 ? first : second).state, name, child, child),
      )
      const progress = await Promise.all(reports)
      assert.equal(
        progress.filter(({ added, complete }) => added && complete).length,
        1,
        'one report completes it',
      )
      assert.ok(
        progress.every(({ added, done, total }) => added && done >= 1 && done <= total && total === 1_000),
        'each counts, and no more than there are',
      )
      assert.deepEqual(
        { ...(await report(second.state, name, 'child 7', 'late')) },
        { added: false, done: 1_000, total: 1_000, complete: true },
        'each raises the number by one',
      )
      const joined = await walk(
        (cursor) => first.state.joined(name, cursor ? { cursor, limit: 300 } : { limit: 300 }),
        300,
      )
      assert.deepEqual(
        joined.map(({ value }) => value),
        children,
      )
    },
  },
  {
    id: 'state/join-expires',
    promise: 'expect with ttlMs.',
    async run(stage) {
      const state = await stage.state()
      const name = stage.key()
      await state.expect(name, ['a', 'b'], { ttlMs: stage.shortMs, sealed: true })
      await stage.time.sleep(stage.shortMs / 2)
      assert.equal((await report(state, name, 'a', '1')).added, true)
      await stage.pastShort()
      assert.deepEqual(
        { ...(await report(state, name, 'b', '2')) },
        { added: false, done: 0, total: 0, complete: false },
      )
      await state.expect(name, ['c'], sealed)
      assert.equal((await report(state, name, 'c', '3')).complete, true, 'the name is free again')
    },
  },
]
