import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import { join } from 'node:path'

/** A run's medians, with what is needed to judge them. */
export interface SavedResults {
  readonly date: string
  readonly machine: string
  readonly node: string
  readonly rounds: number
  /** Of the machine in the last minute, the benchmark included. Above the number of cores: others wanted them too. */
  readonly load: number
  /** Who was measured → what was measured → the median of the rounds. */
  readonly medians: Readonly<Record<string, Readonly<Record<string, number>>>>
}

/** Keeps what a run found in `bench/results`, which is committed. */
export function saveMedians(name: string, rounds: number, medians: SavedResults['medians']): void {
  const [first, ...rest] = cpus()
  const results: SavedResults = {
    date: new Date().toISOString().slice(0, 10),
    machine: `${rest.length + 1} × ${first?.model.trim()}, ${Math.round(totalmem() / 1024 ** 3)} GB, ${process.platform}`,
    node: process.version,
    rounds,
    load: Math.round(loadavg()[0] ?? 0),
    medians,
  }
  const folder = join(import.meta.dirname, 'results')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(results, undefined, 2)}\n`)
}
