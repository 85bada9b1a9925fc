import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startRedis } from '../../test/services/redis.ts'
import type { Figures, Plan } from '../redis/measure.ts'
import { saveMedians } from '../results.ts'

/** Where smaller is better, `most` is the target: our figure over BullMQ's; else `least`. */
interface Target {
  readonly least?: number
  readonly most?: number
}

const targets: Readonly<Record<string, Target>> = {
  'drain at 100, tasks/s': { least: 8 },
  'drain at 1, tasks/s': { least: 10 },
  'send in bulk, tasks/s': { least: 5 },
  'send one by one, tasks/s': { least: 1 },
  'send 100 in flight, tasks/s': {},
  'idle to start p50, ms': { most: 0.7 },
  'idle to start p99, ms': {},
  'Redis bytes per queued task': { most: 0.5 },
  'drain at 100, CPU µs per task': { most: 0.25 },
}
const peers = ['tq', 'tq, two stores', 'BullMQ', 'raw ioredis']
const sizes = { tasks: 100_000, few: 20_000, singles: 20_000, pings: 200 }

/** On a Redis of our own, without persistence: ours, BullMQ and bare ioredis in turn, each in a process of its own. */
export async function onRedis(rounds: number, save: boolean): Promise<void> {
  const server = await startRedis([], true)
  const all = new Map<string, Figures[]>(peers.map((name) => [name, []]))
  try {
    for (let round = 0; round < rounds; round++) {
      for (const name of peers) {
        const plan: Plan = { url: server.url, ...sizes }
        all.get(name)?.push(await figuresFrom('run.ts', [name, JSON.stringify(plan)]))
      }
    }
  } finally {
    await server.stop()
  }
  print(all)
  if (save) saveMedians('redis', rounds, mediansOf(all))
}

function mediansOf(all: ReadonlyMap<string, readonly Figures[]>): Readonly<Record<string, Figures>> {
  const measures = Object.keys(targets)
  const medians = [...all].map(([name, figures]) => [
    name,
    Object.fromEntries(
      measures.map((measure) => [measure, median(figures.map((one) => one[measure] ?? Number.NaN))]),
    ),
  ])
  return Object.fromEntries(medians) as Readonly<Record<string, Figures>>
}

/** A million waiting tasks beside ten thousand. */
export async function backlogOnRedis(rounds: number): Promise<void> {
  const server = await startRedis([], true)
  const ratios: number[] = []
  try {
    for (let round = 0; round < rounds; round++) {
      const lengths = [20_000, 10_000, 10_000, 10_000, 1_000_000, 10_000]
      const rates = await figuresFrom('backlog.ts', [server.url, ...lengths.map(String)])
      const [short = Number.NaN, long = Number.NaN] = [rates['10000'], rates['1000000']]
      ratios.push(long / short)
      console.log(`  10,000: ${shown(short)} tasks/s · 1,000,000: ${shown(long)} tasks/s`)
    }
  } finally {
    await server.stop()
  }
  console.log(`a backlog of 1,000,000 drains at ${(100 * median(ratios)).toFixed(0)} % of the rate of 10,000`)
}

async function figuresFrom(file: string, args: readonly string[]): Promise<Figures> {
  const path = fileURLToPath(new URL(`../redis/${file}`, import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [path, ...args])
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as Figures
}

function print(all: ReadonlyMap<string, readonly Figures[]>): void {
  const [head, width] = [32, 16]
  const line = (first: string, cells: readonly string[]) =>
    console.log(first.padEnd(head) + cells.map((cell) => cell.padStart(width)).join(''))
  console.log('\nRedis without persistence, no-op tasks with results; medians of the rounds')
  line('', [...peers, 'tq : BullMQ', 'target'])
  for (const [measure, { least, most }] of Object.entries(targets)) {
    const medians = peers.map((name) =>
      median((all.get(name) ?? []).map((one) => one[measure] ?? Number.NaN)),
    )
    // Of the rounds, not of the medians: what disturbed a round disturbed both.
    const [ours = [], theirs = []] = [all.get('tq'), all.get('BullMQ')]
    const ratio = median(ours.map((one, round) => (one[measure] ?? 0) / (theirs[round]?.[measure] ?? 0)))
    const target = least !== undefined ? `≥ ${least}` : most !== undefined ? `≤ ${most}` : ''
    const met = ratio >= (least ?? 0) && ratio <= (most ?? Number.POSITIVE_INFINITY)
    line(measure, [
      ...medians.map(shown),
      `${ratio.toFixed(2)} ×`,
      target === '' ? '' : `${target} ${met ? '✓' : '✗'}`,
    ])
  }
}

/** The middle one: a noisy machine's figures are told by medians. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

function shown(value: number): string {
  if (Number.isNaN(value)) return '–'
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(2)
}
