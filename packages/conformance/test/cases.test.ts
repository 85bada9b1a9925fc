import type { BrokerCapabilities } from '@tq/core/driver'
import { expect, test } from 'vitest'
import { brokerCases } from '../src/broker/cases.ts'
import { expectedCaseIds } from '../src/index.ts'
import { resultCases } from '../src/results/cases.ts'
import { stateCases } from '../src/state/cases.ts'
import { storeCases } from '../src/store/cases.ts'

const suites = [brokerCases, [...resultCases, ...stateCases], storeCases]

const capabilities: BrokerCapabilities = {
  durable: true,
  shared: true,
  lease: 'timed',
  maxLeaseMs: Number.POSITIVE_INFINITY,
  leaseSetting: undefined,
  fencing: 'strict',
  maxDelayMs: 60_000,
  priorityLevels: 10,
  ordering: 'fifo',
  deliveryCount: true,
  maxBodyBytes: 1024 * 1024,
  maxBatch: 100,
  timeResolutionMs: 1,
}
const offers = {
  capabilities,
  admin: true,
  change: true,
  keeper: true,
  sever: true,
  restartService: true,
  virtualTime: false,
}

test('ids are unique within a suite, and of one form', () => {
  for (const cases of suites) {
    const ids = cases.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    for (const id of ids) expect(id).toMatch(/^[a-z]+\/[a-z0-9]+(-[a-z0-9]+)*$/)
  }
})

test('every case says which promise it proves', () => {
  for (const { promise } of suites.flat()) expect(promise.length).toBeGreaterThan(5)
})

test('either branch of a capability has cases', () => {
  const strict = expectedCaseIds({ suite: 'broker', offers })
  const advisory = expectedCaseIds({
    suite: 'broker',
    offers: { ...offers, capabilities: { ...capabilities, fencing: 'advisory', maxDelayMs: Infinity } },
  })
  expect(strict).toContain('lease/stale-holder-cannot-ack-successor')
  expect(strict).toContain('delay/above-max-is-refused')
  expect(advisory).not.toContain('lease/stale-holder-cannot-ack-successor')
  expect(advisory).toContain('lease/advisory-settles-answer-and-disturb-no-neighbour')
  expect(advisory).toContain('delay/endless-is-accepted')
})

test('every case applies to some driver', () => {
  const other: typeof offers = {
    ...offers,
    capabilities: {
      ...capabilities,
      lease: 'connection',
      fencing: 'advisory',
      maxDelayMs: Number.POSITIVE_INFINITY,
      priorityLevels: 1,
      ordering: 'none',
      deliveryCount: false,
      maxBodyBytes: 512 * 1024 * 1024,
    },
  }
  const counting = { ...other, capabilities: { ...other.capabilities, deliveryCount: true } }
  const applicable = [offers, other, counting].flatMap((each) =>
    expectedCaseIds({ suite: 'broker', offers: each }),
  )
  expect(brokerCases.map(({ id }) => id).filter((id) => !applicable.includes(id))).toEqual([])
})
