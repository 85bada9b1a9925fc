import { expect } from 'vitest'
import { onEveryPair, runProgram } from './app-pairs.ts'

onEveryPair('mailer', { backend: true }, async (environment) => {
  const { code, output } = await runProgram('mailer/src/main.ts', [], environment)
  expect(output).toContain('mailer: 38 asked for, 36 queued, 35 arrived, 1 refused, 0 twice\n')
  expect(output).toMatch(/^refused: nobody@a\.example: .*550/m)
  expect(code).toBe(0)
  // Five at once, then one each 200 ms: ten starts take a second. The first may have arrived late.
  const spreads = [...output.matchAll(/: 10 mails within (\d+) ms/g)].map(([, ms]) => Number(ms))
  expect(spreads).toHaveLength(3)
  for (const ms of spreads) expect(ms).toBeGreaterThanOrEqual(500)
})
