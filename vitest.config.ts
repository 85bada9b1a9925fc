import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // Projects without a test yet have a config already.
    projects: ['packages/*/vitest.config.ts', 'apps/*/vitest.config.ts', 'test/vitest.config.ts'],
    passWithNoTests: false,
    // Tests mostly wait for processes and services: two for each core (the default leaves one idle).
    maxWorkers: 2 * Math.max(2, availableParallelism()),
    pool: 'forks',
    env: { TQ_TEST_TIER: process.env['TQ_TEST_TIER'] ?? 'ordinary' },
  },
})
