import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test, vi } from 'vitest'
import type { ConformanceCase } from '../src/case.ts'
import { missingCases, runSuite } from '../src/index.ts'
import { writeReport } from '../src/report-file.ts'
import { type Stage, type Suite, tie } from '../src/suite.ts'

interface Offers {
  readonly large: boolean
}

function suiteOf(cases: readonly ConformanceCase<Stage, Offers>[], end = async () => {}): Suite {
  return tie({
    suite: 'broker',
    name: 'made up',
    virtual: false,
    cases,
    probe: async () => ({ large: false }),
    stage: () => ({ end }),
    dispose: async () => {},
  })
}

const passes = { id: 'made/passes', promise: 'It passes.', run: async () => {} }
const fails = {
  id: 'made/fails',
  promise: 'It fails.',
  run: async () => {
    throw new Error('as it should')
  },
}

afterEach(() => {
  vi.unstubAllEnvs()
})

test('a report tells what passed, what failed and what does not apply', async () => {
  const needs = [{ needs: 'a large one', holds: ({ large }: Offers) => large }]
  const conditional = { ...passes, id: 'made/conditional', requires: needs }
  const report = await runSuite(suiteOf([passes, fails, conditional]))
  expect(report.passed).toEqual(['made/passes'])
  expect(report.failed).toMatchObject([{ id: 'made/fails', promise: 'It fails.' }])
  expect(report.failed[0]?.error).toContain('as it should')
  expect(report.notApplicable).toEqual([{ id: 'made/conditional', reason: 'needs a large one' }])
})

test('a case that hangs fails and stops no other', async () => {
  const hangs = { ...passes, id: 'made/hangs', timeoutMs: 30, run: () => new Promise<void>(() => {}) }
  const report = await runSuite(suiteOf([hangs, passes]), { concurrency: 1 })
  expect(report.failed[0]?.error).toContain('did not end within 30 ms')
  expect(report.passed).toEqual(['made/passes'])
})

test('a case that failed while the machine stood still is tried again; another one is not', async () => {
  const runs = { stalled: 0, calm: 0 }
  const stalled = {
    ...fails,
    id: 'made/stalled',
    run: async () => {
      if (++runs.stalled > 1) return
      await sleep(50)
      const until = performance.now() + 300
      while (performance.now() < until);
      await sleep(50)
      throw new Error('too late')
    },
  }
  const report = await runSuite(suiteOf([stalled]))
  expect(report).toMatchObject({ passed: ['made/stalled'], failed: [] })
  expect(runs.stalled).toBe(2)
  const virtual = {
    ...suiteOf([{ ...fails, run: () => fails.run().finally(() => runs.calm++) }]),
    virtual: true,
  }
  expect((await runSuite(virtual)).failed).toHaveLength(1)
  expect(runs.calm).toBe(1)
})

test('what a case opened is closed also when it fails', async () => {
  const end = vi.fn(async () => {})
  await runSuite(suiteOf([fails, passes], end))
  expect(end.mock.calls.length).toBeGreaterThanOrEqual(2)
})

test('exclusive cases run after the others, alone', async () => {
  const order: string[] = []
  const traced = (id: string, exclusive: boolean) => ({
    ...passes,
    id,
    exclusive,
    run: async () => {
      order.push(`${id} starts`)
      await new Promise((resolve) => setTimeout(resolve, 10))
      order.push(`${id} ends`)
    },
  })
  await runSuite(suiteOf([traced('made/alone', true), traced('made/one', false), traced('made/two', false)]))
  expect(order.slice(-2)).toEqual(['made/alone starts', 'made/alone ends'])
})

test('cases that did not run are missing from the report', async () => {
  const suite = suiteOf([passes, fails])
  const report = await runSuite(suite, { only: ['made/passes'] })
  expect(missingCases(suite, report)).toEqual(['made/fails'])
})

test('a harness whose probe fails makes every case fail with its reason', async () => {
  const suite = tie<Stage, Offers>({
    suite: 'broker',
    name: 'made up',
    virtual: false,
    cases: [passes],
    probe: async () => {
      throw new Error('service away')
    },
    stage: () => ({ end: async () => {} }),
    dispose: async () => {},
  })
  const report = await runSuite(suite)
  expect(report.failed[0]?.error).toContain('service away')
})

test('the report is written where the environment says', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'conformance-'))
  vi.stubEnv('TQ_CONFORMANCE_REPORT_DIR', join(folder, 'reports'))
  await writeReport({ ...(await runSuite(suiteOf([passes]))), offers: { limit: Number.POSITIVE_INFINITY } })
  const written = JSON.parse(await readFile(join(folder, 'reports', 'broker-made_up.json'), 'utf8'))
  expect(written).toMatchObject({ suite: 'broker', passed: ['made/passes'], offers: { limit: 'Infinity' } })
  await rm(folder, { recursive: true })
})
