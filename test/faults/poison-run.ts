import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sqlite } from '@tq/sqlite'
import { expect } from 'vitest'
import { Crew } from './crew.ts'
import type { KillService } from './kill-run.ts'
import { readLedger } from './ledger.ts'
import { poisonApp } from './poison-tasks.ts'

const workers = 2
/** On either side of the poison in its queue: work for as long as it lives. */
const neighbours = 250

/** What became of a task that takes every worker down, and of those beside it. */
export interface PoisonVerdict {
  readonly poison: { readonly state: string | undefined; readonly code: string | undefined }
  readonly poisonStarts: number
  /** States of its neighbours that are not SUCCESS. */
  readonly harmed: readonly string[]
  /** The most leases that one of its neighbours lost. */
  readonly mostLosses: number
  /** Ids of dead letters that are not the poison's. */
  readonly otherLetters: readonly string[]
}

/** Lets one task take down every worker that runs it, among others, until it is given up. */
export async function poisonRun(service: KillService): Promise<PoisonVerdict> {
  const folder = mkdtempSync(join(tmpdir(), 'tq-poison-'))
  const url = service.url(folder)
  const backend = service.backend?.(folder)
  const ledger = join(folder, 'ledger')
  const environment = {
    url,
    ...(backend ? { backend } : {}),
    ledger,
    lease: String(service.leaseMs ?? 1_000),
  }
  const crew = new Crew(new URL('./poison-worker.ts', import.meta.url), environment)
  const options = { broker: url, ...(backend ? { backend } : {}) }
  const { app, poison, neighbour } = poisonApp(options, [service.adapter, sqlite()])
  try {
    const batch = Array.from({ length: neighbours }, (_, n) => ({ ms: 20 + 10 * (n % 10) }))
    const before = await neighbour.delayMany(batch)
    const bad = await poison.delay()
    const after = await neighbour.delayMany(batch)
    crew.replaceEnded()
    for (let n = 0; n < workers; n++) await crew.hire()
    const ends = [...before, bad, ...after].map((result) => result.get({ timeout: '2m' }))
    await Promise.allSettled(ends)
    const states = await Promise.all([...before, ...after].map((result) => result.status()))
    const info = await bad.info()
    const letters = await app.deadLetters.list('default')
    const entries = readLedger(ledger)
    const deliveries = entries.filter(({ what, id }) => what === 'lease' && id !== bad.id)
    return {
      poison: { state: info?.state, code: info?.error?.code },
      poisonStarts: entries.filter(({ what, id }) => what === 'start' && id === bad.id).length,
      harmed: states.filter((state) => state !== 'SUCCESS'),
      mostLosses: deliveries.reduce((most, { run }) => Math.max(most, Number(run) - 1), 0),
      otherLetters: letters.map(({ id }) => id).filter((id) => id !== bad.id),
    }
  } finally {
    await crew.dismiss()
    await app.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * Ten leases lost, each while it ran. Its neighbours were beside it the first two times, when nobody could know; from then
 * on they lose nothing with it. Two more are for a machine so slow that a lease of a second ends by itself.
 */
export const givenUpAlone = {
  poison: { state: 'FAILURE', code: 'TASK_CRASHED' },
  poisonStarts: 10,
  harmed: [],
  mostLosses: expect.toSatisfy((losses: number) => losses <= 4),
  otherLetters: [],
}
