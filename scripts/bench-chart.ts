// Draws docs/bench-redis.svg from bench/results/redis.json, which `scripts/bench redis --save` writes.
// `--check`: fails when the picture is not that of the results.
import { readFileSync, writeFileSync } from 'node:fs'
import type { SavedResults } from '../bench/results.ts'

const [results, picture] = ['bench/results/redis.json', 'docs/bench-redis.svg']
const { date, machine, node, rounds, load, medians } = JSON.parse(
  readFileSync(results, 'utf8'),
) as SavedResults

/** What is shown, and how a reader says it. Higher is better in all of them. */
const shown: readonly (readonly [measure: string, label: string])[] = [
  ['drain at 100, tasks/s', 'running, 100 at once'],
  ['drain at 1, tasks/s', 'running, one at a time'],
  ['send in bulk, tasks/s', 'sending in bulk'],
  ['send 100 in flight, tasks/s', 'sending, 100 in flight'],
  ['send one by one, tasks/s', 'sending one by one'],
]
const series = [
  { name: 'tq', color: '#2f6fde' },
  { name: 'BullMQ', color: '#9aa4b2' },
] as const

const [width, left, right, top, group, bar] = [760, 190, 90, 64, 50, 16]
const height = top + shown.length * group + 80
const cores = Number.parseInt(machine, 10)
const quiet =
  load <= cores * 2
    ? 'The machine did nothing else.'
    : `The machine was busy with other work (load ${load} on ${cores} cores): a quiet one gives other rates, and other ratios.`
const most = Math.max(...shown.flatMap(([measure]) => series.map(({ name }) => measured(name, measure))))

function measured(name: string, measure: string): number {
  const value = medians[name]?.[measure]
  if (value === undefined || !(value > 0)) throw new Error(`${results}: no '${measure}' of ${name}`)
  return value
}

function draw(): string {
  const rows = shown.flatMap(([measure, label], row) => {
    const y = top + row * group
    const bars = series.map(({ name, color }, at) => {
      const value = measured(name, measure)
      // Logarithmic would flatter the slower one, and hide what a user pays.
      const length = Math.max(1, ((width - left - right) * value) / most)
      const barTop = y + at * (bar + 2)
      return [
        `<rect x="${left}" y="${barTop}" width="${length.toFixed(1)}" height="${bar}" rx="2" fill="${color}"/>`,
        `<text x="${(left + length + 6).toFixed(1)}" y="${barTop + 12}" class="value">${Math.round(value).toLocaleString('en')}</text>`,
      ].join('\n')
    })
    const ratio = (measured('tq', measure) / measured('BullMQ', measure)).toFixed(1)
    return [
      `<text x="${left - 12}" y="${y + 13}" text-anchor="end" class="label">${label}</text>`,
      `<text x="${left - 12}" y="${y + 30}" text-anchor="end" class="value">${ratio} ×</text>`,
      ...bars,
    ]
  })
  const legend = series.map(
    ({ name, color }, at) =>
      `<rect x="${left + at * 90}" y="38" width="12" height="12" rx="2" fill="${color}"/><text x="${left + at * 90 + 18}" y="48" class="label">${name}</text>`,
  )
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Tasks per second on one Redis: tq beside BullMQ">`,
    '<style>text{font-family:system-ui,sans-serif;font-size:12px}.title{font-size:15px;font-weight:600}.label{fill:#333}.value{fill:#667}</style>',
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    '<text x="16" y="24" class="title">Tasks per second on one Redis: no-op tasks with results</text>',
    ...legend,
    ...rows,
    `<text x="16" y="${height - 50}" class="value">${date}, ${machine}, Node ${node.slice(1)}, Redis without persistence.</text>`,
    `<text x="16" y="${height - 32}" class="value">Medians of ${rounds} rounds, measured in turn.</text>`,
    `<text x="16" y="${height - 14}" class="value">${quiet}</text>`,
    '</svg>',
  ].join('\n')}\n`
}

if (!process.argv.includes('--check')) writeFileSync(picture, draw())
else if (readFileSync(picture, 'utf8') !== draw()) {
  console.log(`${picture} does not show ${results}. Run: node scripts/bench-chart.ts`)
  process.exitCode = 1
}
