import { availableParallelism } from 'node:os'
import { defineProject, type TestProjectInlineConfiguration } from 'vitest/config'

// Workspace packages are tested from their sources: no build is needed, stack traces point at them.
// vitest hands the conditions on to what a test fork()s, as node options.
const conditions = ['@tq/source', 'node']

/** What every package's tests have in common. */
export function project(name: string, test: TestProjectInlineConfiguration['test'] = {}) {
  return defineProject({
    resolve: { conditions },
    ssr: { resolve: { conditions } },
    test: {
      name,
      include: ['**/*.test.ts'],
      exclude: ['**/node_modules/**', '**/dist/**'],
      testTimeout: 10_000,
      // Tests mostly wait for processes and services: use every core (the default leaves one idle). Read per project only.
      maxWorkers: Math.max(2, availableParallelism()),
      ...test,
    },
  })
}
