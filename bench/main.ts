// `./scripts/bench [case …] [--rounds N] [--profile] [--save]`: our figures beside their limits, interleaved in one run, as
// medians. What is saved is what the README's chart shows.
import { parseArgs } from 'node:util'
import { backendsBench } from './cases/backends.ts'
import { coreCost } from './cases/core-cost.ts'
import { historyCost } from './cases/history.ts'
import { historyPages } from './cases/history-pages.ts'
import { onRabbit } from './cases/rabbitmq.ts'
import { backlogOnRedis, onRedis } from './cases/redis.ts'
import { sqliteDrain } from './cases/sqlite.ts'
import { onSqs } from './cases/sqs.ts'
import { profiled } from './profile.ts'
import { printTable, type Sample } from './report.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    profile: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

const cases: Readonly<Record<string, { readonly title: string; run(): Promise<readonly Sample[]> }>> = {
  core: {
    title: "core's own cost per task: memory broker, 100,000 no-op tasks",
    run: () => coreCost(100_000),
  },
  sqlite: {
    title: 'SQLite, synchronous=FULL: 20,000 no-op tasks with results',
    run: () => sqliteDrain(20_000),
  },
  backends: {
    title: 'backends: claim and end of 20,000 tasks, in batches of 100',
    run: () => backendsBench(20_000),
  },
}

/** Those that compare, and print for themselves. */
const withPeers: Readonly<Record<string, (rounds: number, save: boolean) => Promise<void>>> = {
  redis: onRedis,
  'redis-backlog': backlogOnRedis,
  sqs: (rounds) => onSqs(rounds),
  history: historyCost,
  'history-pages': historyPages,
  rabbitmq: onRabbit,
}

const names = [...Object.keys(cases), ...Object.keys(withPeers)]
if (values.help) {
  console.log(`scripts/bench [case …] [--rounds N] [--profile] [--save]
Cases, all of them without one: ${names.join(', ')}
--profile: where the time goes, for the cases without peers. --save: bench/results, which the README's chart shows.`)
  process.exit()
}
const chosen = positionals.length > 0 ? positionals : names
for (const name of chosen) {
  const compare = withPeers[name]
  if (compare) {
    await compare(Number(values.rounds), values.save)
    continue
  }
  const found = cases[name]
  if (!found) throw new Error(`no benchmark '${name}'; there are: ${names.join(', ')}`)
  const samples: Sample[] = []
  for (let round = 0; round < Number(values.rounds); round++) samples.push(...(await found.run()))
  printTable(found.title, samples)
  if (values.profile)
    console.log(`\nwhere one more round spends its time\n${(await profiled(found.run, 16)).report}`)
}
