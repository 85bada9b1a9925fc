import type { JoinProgress } from '@tq/core/driver'
import { type Mutant, onState } from './mutant.ts'

const forEver = 1e12

export const stateMutants: readonly Mutant[] = [
  {
    name: 'put overwrites what should be absent',
    caughtBy: 'state/if-absent',
    wrap: onState((real) => ({
      put: (key, value, { ifAbsent: _, ...options }) => real.put(key, value, options),
    })),
  },
  {
    name: 'put overwrites another version',
    caughtBy: 'state/if-version',
    wrap: onState((real) => ({
      put: (key, value, { ifVersion: _, ...options }) => real.put(key, value, options),
    })),
  },
  {
    name: 'delete takes any version',
    caughtBy: 'state/delete',
    wrap: onState((real) => ({ delete: (key) => real.delete(key) })),
  },
  {
    name: 'a conflict renews what is there',
    caughtBy: 'state/a-conflict-does-not-renew',
    wrap: onState((real) => ({
      async put(key, value, options) {
        const outcome = await real.put(key, value, options)
        const [known] = await real.get([key])
        if (outcome === 'conflict' && known) await real.put(key, known.value, { ttlMs: options.ttlMs })
        return outcome
      },
    })),
  },
  {
    name: 'a value is kept for ever',
    caughtBy: 'state/a-value-expires',
    wrap: onState((real) => ({
      put: (key, value, options) => real.put(key, value, { ...options, ttlMs: forEver }),
    })),
  },
  {
    name: 'members of a collection stay',
    caughtBy: 'state/collection-members-leave-by-themselves',
    wrap: onState((real) => ({
      add: (collection, member, value) => real.add(collection, member, value, { ttlMs: forEver }),
    })),
  },
  {
    name: 'a cursor counts members',
    caughtBy: 'state/collection-changes-during-a-walk',
    wrap: onState((real) => ({
      async page(collection, { cursor = '0', limit }) {
        const { members } = await real.page(collection, { limit: 1_000_000 })
        const end = Number(cursor) + limit
        return {
          members: members.slice(Number(cursor), end),
          next: end < members.length ? String(end) : undefined,
        }
      },
    })),
  },
  {
    name: 'a join counts a doubled child',
    caughtBy: 'state/join-first-value-wins',
    wrap: onState((real) => {
      const reports = new Map<string, number>()
      return {
        async join(given) {
          return (await real.join(given)).map((progress, at) => {
            const { join = '' } = given[at] ?? {}
            if (progress.total === 0) return progress
            const done = (reports.get(join) ?? 0) + 1
            reports.set(join, done)
            return { ...progress, done, complete: done === progress.total }
          })
        },
      }
    }),
  },
  {
    name: 'a join is complete before it is sealed',
    caughtBy: 'state/join-is-not-complete-until-sealed',
    wrap: onState((real) => ({
      async join(reports): Promise<readonly JoinProgress[]> {
        const answers = await real.join(reports)
        return answers.map((progress) => ({ ...progress, complete: progress.done === progress.total }))
      },
    })),
  },
  {
    name: 'a join takes children nobody expects',
    caughtBy: 'state/join-unexpected-child-changes-nothing',
    wrap: onState((real) => ({
      async join(reports) {
        for (const { join, child } of reports)
          await real.expect(join, [child], { ttlMs: forEver, sealed: false })
        return await real.join(reports)
      },
    })),
  },
  {
    name: 'who seals is not told that the join is complete',
    caughtBy: 'state/join-whoever-seals-learns-that-it-is-complete',
    wrap: onState((real) => ({
      expect: async (join, children, options) => ({
        ...(await real.expect(join, children, options)),
        complete: false,
      }),
    })),
  },
  {
    name: 'what is overdue is counted from when it came again',
    caughtBy: 'state/due-says-how-long-overdue',
    wrap: onState((real) => ({
      due: async (lot, options) => (await real.due(lot, options)).map((item) => ({ ...item, overdueMs: 0 })),
    })),
  },
  {
    name: 'a sealed join can be added to',
    caughtBy: 'state/join-adding-to-a-sealed-one-changes-nothing',
    wrap: onState((real) => ({
      expect: (join, children, options) => real.expect(join, children, { ...options, sealed: false }),
    })),
  },
  {
    name: 'count replaces',
    caughtBy: 'state/count-adds-up',
    wrap: onState(() => {
      const last = new Map<string, Readonly<Record<string, number>>>()
      return {
        async count(key, fields) {
          last.set(key, fields)
        },
        counted: async (keys) => keys.map((key) => last.get(key) ?? {}),
      }
    }),
  },
]
