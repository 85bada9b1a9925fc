import { expect } from 'vitest'
import { onEveryPair, runProgram } from './app-pairs.ts'

onEveryPair('documents', { backend: false }, async (environment) => {
  const { code, output, lastLine } = await runProgram('documents/src/demo.ts', [], environment)
  expect(lastLine, output).toMatch(/^demo: (\d+) sent, \1 succeeded, 0 failed$/)
  expect(code).toBe(0)
})
