import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Adapter, chord, type WorkflowResult } from '@tq/core'
import type { ChordMutant } from './chord-mutants.ts'
import { chordApp } from './chord-task.ts'
import { Crew, seeded } from './crew.ts'
import { readLedger } from './ledger.ts'

export interface ChordPlan {
  readonly chords: number
  /** Children of each: from 2 to this. */
  readonly mostChildren: number
  readonly workers: number
  readonly kills: number
  readonly mutant: ChordMutant
  readonly seed: number
  /** How long all chords may take to end after the last kill. */
  readonly patienceMs: number
}

/** Which services the run is on. */
export interface ChordService {
  readonly adapters: readonly Adapter[]
  /** @param folder empty, and removed afterwards */
  url(folder: string): string
  /** Where results and state are kept, if not by the broker itself. */
  backend?(folder: string): string
  /** Default 1 s. */
  readonly leaseMs?: number
}

export interface ChordVerdict {
  readonly sent: number
  readonly children: number
  /** Workflows that never ended, or not well, and what was heard of them. */
  readonly unfinished: readonly string[]
  /** Bodies that were not given exactly one value of every child, in order, and those its record kept. */
  readonly wrongValues: readonly string[]
  /** Bodies whose result was counted more than once. */
  readonly doubleBodies: readonly string[]
}

type Children = readonly { readonly n: number; readonly run: string }[]

/** Sends chords while workers are killed and one finished message in ten comes again; says what became of each. */
export async function chordRun(plan: ChordPlan, service: ChordService): Promise<ChordVerdict> {
  const folder = mkdtempSync(join(tmpdir(), 'tq-chords-'))
  const url = service.url(folder)
  const backend = service.backend?.(folder)
  const ledger = join(folder, 'ledger')
  const random = seeded(plan.seed)
  const lease = String(service.leaseMs ?? 1_000)
  const environment = { url, ledger, lease, mutant: plan.mutant, ...(backend ? { backend } : {}) }
  const crew = new Crew(new URL('./chord-worker.ts', import.meta.url), environment)
  const { app, child, body } = chordApp(
    { broker: url, ...(backend ? { backend } : {}) },
    service.adapters,
    undefined,
  )
  try {
    for (let n = 0; n < plan.workers; n++) await crew.hire()
    const sent: { readonly result: WorkflowResult<Children>; readonly size: number }[] = []
    for (let kill = 0; kill < plan.kills; kill++) {
      const share = Math.ceil((plan.chords * (kill + 1)) / plan.kills) - sent.length
      const sizes = Array.from({ length: share }, () => 2 + Math.floor(random() * (plan.mostChildren - 1)))
      const results = await Promise.all(
        sizes.map((size) =>
          chord(
            Array.from({ length: size }, (_, n) => child.s({ n, ms: random() < 0.05 ? 200 : 0 })),
            body.s(),
          ).delay(),
        ),
      )
      sent.push(...results.map((result, index) => ({ result, size: sizes[index] ?? 0 })))
      await sleep(50 + random() * 200)
      await crew.kill(random)
    }
    const signal = AbortSignal.timeout(plan.patienceMs)
    const ended = await Promise.allSettled(sent.map(({ result }) => result.get({ signal })))
    const wrongValues: string[] = []
    for (const [index, { result, size }] of sent.entries()) {
      const end = ended[index]
      if (end?.status !== 'fulfilled') continue
      const right = end.value.length === size && end.value.every(({ n }, at) => n === at)
      if (!right || (index % 10 === 0 && !(await asKept(app, result.id, end.value))))
        wrongValues.push(result.id)
    }
    await crew.dismiss()
    const commits = readLedger(ledger).filter(({ what }) => what === 'commit')
    const seen = new Set<string>()
    const doubleBodies = commits.filter(({ id }) => seen.size === seen.add(id).size).map(({ id }) => id)
    return {
      sent: sent.length,
      children: sent.reduce((sum, { size }) => sum + size, 0),
      unfinished: sent.flatMap(({ result }, index) => {
        const end = ended[index]
        return end?.status === 'fulfilled' ? [] : `${result.id}: ${String(end?.reason)}`
      }),
      wrongValues,
      doubleBodies,
    }
  } finally {
    await crew.dismiss()
    await app.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Whether the body was given what the records of its children say. */
async function asKept(
  app: ReturnType<typeof chordApp>['app'],
  id: string,
  values: Children,
): Promise<boolean> {
  const kept = await Promise.all(
    values.map((_, n) => app.result<Children[number]>(`${id}.0.${n}`).get({ timeout: '5s' })),
  )
  return kept.every(({ run }, n) => run === values[n]?.run)
}
