import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // Projects without a test yet have a config already.
    projects: ['packages/*/vitest.config.ts', 'apps/*/vitest.config.ts', 'test/vitest.config.ts'],
    passWithNoTests: false,
    pool: 'forks',
    env: { TQ_TEST_TIER: process.env['TQ_TEST_TIER'] ?? 'ordinary' },
  },
})
