import { defineProject, type TestProjectInlineConfiguration } from 'vitest/config'

const source = '@tq/source'

/** What every package's tests have in common. */
export function project(name: string, test: TestProjectInlineConfiguration['test'] = {}) {
  return defineProject({
    // Workspace packages are tested from their sources: no build is needed, stack traces point at them.
    resolve: { conditions: [source, 'module', 'node', 'development|production'] },
    ssr: { resolve: { conditions: [source, 'module', 'node', 'development|production'] } },
    test: {
      name,
      include: ['**/*.test.ts'],
      exclude: ['**/node_modules/**', '**/dist/**'],
      // fork() hands these on, so that children of a test see the sources too.
      execArgv: [`--conditions=${source}`],
      testTimeout: 10_000,
      ...test,
    },
  })
}
