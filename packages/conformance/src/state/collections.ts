import assert from 'node:assert/strict'
import type { CollectionPage } from '@tq/core/driver'
import type { BackendCase } from './offers.ts'
import { longTtlMs } from './stage.ts'

const ttlMs = longTtlMs

/** All pages, from no cursor to no `next`. */
export async function walk(page: (cursor: string | undefined) => Promise<CollectionPage>, limit: number) {
  const members: { readonly member: string; readonly value: string }[] = []
  let cursor: string | undefined
  for (let pages = 0; pages < 1_000; pages++) {
    const { members: some, next } = await page(cursor)
    assert.ok(some.length <= limit, `a page of ${some.length}, asked for ${limit}`)
    members.push(...some.map(({ member, value }) => ({ member, value })))
    if (next === undefined) return members
    cursor = next
  }
  return assert.fail('the walk does not end')
}

function sorted(members: readonly { readonly member: string; readonly value: string }[]) {
  return members.toSorted((one, other) => (one.member < other.member ? -1 : 1))
}

export const collectionCases: readonly BackendCase[] = [
  {
    id: 'state/collection-add-replace-remove',
    promise: 'Adds a member to a named collection, or replaces its value.',
    async run(stage) {
      const { state } = await stage.open()
      const name = stage.key()
      const members = () =>
        walk((cursor) => state.page(name, cursor ? { cursor, limit: 10 } : { limit: 10 }), 10)
      assert.deepEqual(await members(), [])
      await state.add(name, 'a', 'one', { ttlMs })
      await state.add(name, 'größe 🦊:{x}', '', { ttlMs })
      await state.add(name, 'a', 'two', { ttlMs })
      const expected = [
        { member: 'a', value: 'two' },
        { member: 'größe 🦊:{x}', value: '' },
      ]
      assert.deepEqual(sorted(await members()), expected)
      assert.equal(await state.remove(name, 'a'), true)
      assert.equal(await state.remove(name, 'a'), false)
      assert.deepEqual(await members(), expected.slice(1))
      await state.add(stage.key(), 'elsewhere', '', { ttlMs })
      assert.equal((await members()).length, 1, 'collections are apart')
    },
  },
  {
    id: 'state/collection-pages-show-each-member-once',
    promise: 'In a stable order, each member at most once over a walk from no cursor to no `next`.',
    async run(stage) {
      const { state } = await stage.open()
      const name = stage.key()
      const expected = Array.from({ length: 250 }, (_, at) => ({ member: `member ${at}`, value: String(at) }))
      await Promise.all(expected.map(({ member, value }) => state.add(name, member, value, { ttlMs })))
      for (const limit of [100, 33, 1_000]) {
        const members = await walk(
          (cursor) => state.page(name, cursor ? { cursor, limit } : { limit }),
          limit,
        )
        assert.deepEqual(sorted(members), sorted(expected), `pages of ${limit}`)
      }
      const again = () =>
        walk((cursor) => state.page(name, cursor ? { cursor, limit: 50 } : { limit: 50 }), 50)
      assert.deepEqual(await again(), await again(), 'the order is stable')
    },
  },
  {
    id: 'state/collection-changes-during-a-walk',
    promise: 'Each member at most once over a walk from no cursor to no `next`.',
    async run(stage) {
      const { state } = await stage.open()
      const name = stage.key()
      const stay = Array.from({ length: 40 }, (_, at) => `stays ${at}`)
      const go = Array.from({ length: 40 }, (_, at) => `goes ${at}`)
      for (const member of [...stay, ...go]) await state.add(name, member, '', { ttlMs })
      let turn = 0
      const members = await walk(async (cursor) => {
        const page = await state.page(name, cursor ? { cursor, limit: 10 } : { limit: 10 })
        // Between the pages members leave, come, and change their value.
        for (const member of go.splice(0, 10)) await state.remove(name, member)
        await state.add(name, `comes ${turn++}`, '', { ttlMs })
        await state.add(name, stay[turn] ?? '', 'changed', { ttlMs })
        return page
      }, 10)
      const seen = members.map(({ member }) => member)
      assert.equal(new Set(seen).size, seen.length, 'none twice')
      for (const member of stay) assert.ok(seen.includes(member), `${member} was there all the time`)
    },
  },
  {
    id: 'state/collection-members-leave-by-themselves',
    promise: 'It leaves by itself after `ttlMs`.',
    async run(stage) {
      const { state } = await stage.open()
      const name = stage.key()
      await state.add(name, 'short', '', { ttlMs: stage.shortMs })
      await state.add(name, 'renewed', '', { ttlMs: stage.shortMs })
      await state.add(name, 'long', '', { ttlMs })
      await stage.time.sleep(stage.shortMs / 2)
      assert.equal((await state.page(name, { limit: 10 })).members.length, 3, 'not before their time')
      await state.add(name, 'renewed', '', { ttlMs })
      await stage.time.sleep(stage.shortMs / 2 + stage.resolution + 50)
      const members = await walk(
        (cursor) => state.page(name, cursor ? { cursor, limit: 10 } : { limit: 10 }),
        10,
      )
      assert.deepEqual(members.map(({ member }) => member).sort(), ['long', 'renewed'])
      assert.equal(await state.remove(name, 'short'), false, 'one that left is not there to remove')
    },
  },
]
