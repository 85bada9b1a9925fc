import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startRabbit } from '../../packages/rabbitmq/test/services/rabbitmq.ts'
import { startRedis } from '../../test/services/redis.ts'
import { celery, installCelery } from '../rabbitmq/celery.ts'
import type { Plan } from '../rabbitmq/measure.ts'
import type { Figures } from '../redis/measure.ts'

/** Our figure over amqplib's own, and over Celery's. */
const targets: Readonly<Record<string, { readonly raw?: number; readonly celery?: number }>> = {
  'drain at 100, tasks/s': { raw: 0.6, celery: 20 },
  'drain at 1, tasks/s': {},
  'send in bulk, tasks/s': { raw: 0.6 },
  'send one by one, tasks/s': {},
  'idle to start p50, ms': {},
  'idle to start p99, ms': {},
  'drain at 100, CPU µs per task': {},
}
const sizes = { tasks: 50_000, few: 10_000, singles: 2_000, pings: 200 }

/** On a RabbitMQ and a Redis of our own: ours, bare amqplib and Celery in turn, each in a process of its own. */
export async function onRabbit(rounds: number): Promise<void> {
  const [rabbit, redis] = await Promise.all([startRabbit({ name: 'bench' }), startRedis([], true)])
  const venv = await installCelery().catch((error: unknown) => {
    console.log(`Celery is left out: ${String(error).split('\n')[0]}`)
    return undefined
  })
  const plan: Plan = { amqp: rabbit.url, redis: redis.url, ...sizes }
  const all: Record<'tq' | 'raw amqplib' | 'Celery', Figures[]> = { tq: [], 'raw amqplib': [], Celery: [] }
  try {
    for (let round = 0; round < rounds; round++) {
      for (const name of ['tq', 'raw amqplib'] as const) all[name].push(await figuresFrom(name, plan))
      if (venv) all.Celery.push(await celery(venv, plan))
    }
  } finally {
    if (venv) rmSync(venv, { recursive: true, force: true })
    await Promise.all([rabbit.stop(), redis.stop()])
  }
  print(all)
}

async function figuresFrom(name: string, plan: Plan): Promise<Figures> {
  const path = fileURLToPath(new URL('../rabbitmq/run.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [path, name, JSON.stringify(plan)])
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as Figures
}

function print(all: Readonly<Record<'tq' | 'raw amqplib' | 'Celery', readonly Figures[]>>): void {
  const line = (first: string, cells: readonly string[]) =>
    console.log(first.padEnd(32) + cells.map((cell) => cell.padStart(18)).join(''))
  console.log(
    '\nRabbitMQ, quorum queues, confirms, results in Redis (Celery: 10 processes); medians of the rounds',
  )
  line('', ['tq', 'raw amqplib', 'Celery', 'tq : raw', 'tq : Celery'])
  for (const [measure, target] of Object.entries(targets)) {
    const of = (peer: readonly Figures[]) => median(peer.map((one) => one[measure] ?? Number.NaN))
    // Of the rounds, not of the medians: what disturbed a round disturbed all.
    const over = (peer: readonly Figures[], least: number | undefined) => {
      const ratio = median(
        all.tq.map((one, round) => (one[measure] ?? 0) / (peer[round]?.[measure] ?? Number.NaN)),
      )
      if (Number.isNaN(ratio)) return '–'
      return `${ratio.toFixed(2)} ×${least === undefined ? '' : ` ${ratio >= least ? '✓' : '✗'} ≥ ${least}`}`
    }
    line(measure, [
      shown(of(all.tq)),
      shown(of(all['raw amqplib'])),
      shown(of(all.Celery)),
      over(all['raw amqplib'], target.raw),
      over(all.Celery, target.celery),
    ])
  }
}

/** The middle one: a noisy machine's figures are told by medians. */
function median(values: readonly number[]): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

function shown(value: number): string {
  if (Number.isNaN(value)) return '–'
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(2)
}
