// The producer as a process: sends the night's accounts, waits for the report and tells of it.
//   node src/main-producer.ts 100000
import { followNight, sendNight } from './produce.ts'
import { app } from './tasks.ts'
import { tellNight } from './tell.ts'

const accounts = Number(process.argv[2] ?? 100_000)
const began = performance.now()
const id = await sendNight(accounts)
console.log(`sent ${accounts} tasks in ${((performance.now() - began) / 1000).toFixed(1)} s`)
const started = Date.now()
const report = await followNight(app, id)
process.exitCode = tellNight(accounts, report, started) ? 0 : 1
await app.close()
