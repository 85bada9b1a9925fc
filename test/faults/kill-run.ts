import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Adapter } from '@tq/core'
import { sqlite } from '@tq/sqlite'
import { Crew, seeded } from './crew.ts'
import { type Entry, readLedger } from './ledger.ts'
import { ledgerApp } from './ledger-task.ts'
import type { Mutant } from './mutants.ts'

/** Which service the run is on. */
export interface KillService {
  /** @param folder empty, and removed afterwards */
  url(folder: string): string
  /** Where results are kept, if not by the broker itself. */
  backend?(folder: string): string
  readonly adapter: Adapter
  /** Default 1 s. */
  readonly leaseMs?: number
  /**
   * It may deliver a message twice at a time. Then the run that was handed out last owns the task, which need not be
   * the one that started last: what is left to see is that one result counts.
   */
  readonly doubles?: boolean
  /** Something that happens to the service itself once, while workers die. */
  harm?(): Promise<void>
}

export interface KillPlan {
  readonly tasks: number
  readonly workers: number
  readonly kills: number
  /** Processes put to sleep for longer than their leases. */
  readonly pauses: number
  readonly mutant: Mutant
  readonly seed: number
  /** How long all tasks may take to end after the last fault. */
  readonly patienceMs: number
}

export interface Verdict {
  readonly sent: number
  /** Tasks that never ended, or not well, and what was heard of them. */
  readonly unfinished: readonly string[]
  /** Results of runs that another run had taken the task from. */
  readonly wrongOwner: readonly string[]
  /** Tasks whose result was counted more than once. */
  readonly doubleCommits: readonly string[]
  readonly extraStarts: number
  /** How often the task was handed out that was handed out most. */
  readonly mostDeliveries: number
}

export const onSqlite: KillService = { url: (folder) => `sqlite:${folder}/queue.db`, adapter: sqlite() }
const concurrency = 10

/** The most extra starts that faults can explain: each takes what one worker was running. */
export const extraStartsBound = ({ kills, pauses }: KillPlan): number => (kills + pauses) * concurrency

/** Runs tasks while workers are killed and put to sleep, and says what became of every one of them. */
export async function killRun(plan: KillPlan, service: KillService = onSqlite): Promise<Verdict> {
  const folder = mkdtempSync(join(tmpdir(), 'tq-kill-'))
  const url = service.url(folder)
  const backend = service.backend?.(folder)
  const { leaseMs = 1_000 } = service
  const ledger = join(folder, 'ledger')
  const random = seeded(plan.seed)
  const crew = new Crew(new URL('./ledger-worker.ts', import.meta.url), {
    url,
    ...(backend ? { backend } : {}),
    ledger,
    lease: String(leaseMs),
    mutant: plan.mutant,
  })
  const { app, task } = ledgerApp(
    { broker: url, ...(backend ? { backend } : {}) },
    [service.adapter, sqlite()],
    undefined,
  )
  try {
    for (let n = 0; n < plan.workers; n++) await crew.hire()
    const ids = new Set<string>()
    const faults = shuffle(
      [...Array<Fault>(plan.kills).fill('kill'), ...Array<Fault>(plan.pauses).fill('pause')],
      random,
    )
    // Each fault finds fresh tasks under way: some of them are sent right before it.
    const portion = Math.ceil(plan.tasks / faults.length)
    const harmWorkers = async () => {
      for (const fault of faults) {
        const seen = sizeOf(ledger)
        const batch = Array.from({ length: Math.min(portion, plan.tasks - ids.size) }, () => ({
          ms: random() < 0.1 ? 300 + random() * 900 : random() * 5,
        }))
        for (const { id } of await task.delayMany(batch)) ids.add(id)
        while (batch.length > 0 && sizeOf(ledger) === seen)
          await new Promise((resolve) => setTimeout(resolve, 5))
        await (fault === 'kill' ? crew.kill(random) : crew.pause(random, 2.5 * leaseMs))
      }
    }
    await Promise.all([harmWorkers(), service.harm?.()])
    const unfinished = await untilEnded(app, ids, plan.patienceMs)
    await crew.dismiss()
    return await judge(app, ids, unfinished, readLedger(ledger), service.doubles ?? false)
  } finally {
    await crew.dismiss()
    await app.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

type Fault = 'kill' | 'pause'

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0

type LedgerApp = ReturnType<typeof ledgerApp>['app']

/** The ids that have not ended well in time, each with what was heard of it. */
async function untilEnded(
  app: LedgerApp,
  ids: ReadonlySet<string>,
  patienceMs: number,
): Promise<readonly string[]> {
  const signal = AbortSignal.timeout(patienceMs)
  const ended = await Promise.allSettled([...ids].map((id) => app.result(id).get({ signal })))
  return await Promise.all(
    [...ids].flatMap((id, index) => {
      const end = ended[index]
      return end?.status === 'rejected' ? [whatIsKnown(app, id, end.reason)] : []
    }),
  )
}

async function whatIsKnown(app: LedgerApp, id: string, reason: unknown): Promise<string> {
  const info = await app.result(id).info()
  return `${id}: ${info?.state ?? 'no record'}, ${String(reason)}`
}

async function judge(
  app: LedgerApp,
  ids: ReadonlySet<string>,
  unfinished: readonly string[],
  ledger: readonly Entry[],
  doubles: boolean,
): Promise<Verdict> {
  const byId = new Map<string, Entry[]>()
  for (const entry of ledger) byId.set(entry.id, [...(byId.get(entry.id) ?? []), entry])
  const wrongOwner: string[] = []
  const doubleCommits: string[] = []
  for (const id of ids) {
    const entries = byId.get(id) ?? []
    const info = await app.result<{ run: string }>(id).info()
    if (!doubles && info?.result && hadLostIt(info.result.run, entries)) wrongOwner.push(id)
    if (entries.filter(({ what }) => what === 'commit').length > 1) doubleCommits.push(id)
  }
  const starts = ledger.filter(({ what }) => what === 'start').length
  const deliveries = ledger.flatMap(({ what, run }) => (what === 'lease' ? [Number(run)] : []))
  return {
    sent: ids.size,
    unfinished,
    wrongOwner,
    doubleCommits,
    extraStarts: starts - ids.size,
    mostDeliveries: deliveries.reduce((most, each) => Math.max(most, each), 0),
  }
}

/**
 * A later delivery of the task had started before this run ended: its lease was over, its result must not count. By the
 * service's count of deliveries; a process put to sleep between its delivery and its start may start last without owning
 * the task.
 */
function hadLostIt(run: string, entries: readonly Entry[]): boolean {
  const starts = entries.filter(({ what }) => what === 'start')
  const start = starts.find((entry) => entry.run === run)
  const end = entries.find((entry) => entry.run === run && entry.what === 'end')
  if (!start || !end) return false
  const own = deliveryOf(start, entries)
  return starts.some((other) => {
    if (other.run === run || other.at >= end.at) return false
    const theirs = deliveryOf(other, entries)
    return theirs === own ? other.at > start.at : theirs > own
  })
}

/** Which delivery of its task a run belongs to: the last one its process was given before it. */
function deliveryOf(start: Entry, entries: readonly Entry[]): number {
  const given = entries.filter(
    ({ what, process, at }) => what === 'lease' && process === start.process && at < start.at,
  )
  return Number(given.at(-1)?.run ?? 0)
}

function shuffle<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, order: random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item)
}
