// Runs a program of a page beside a worker for its tasks, in one process: on the memory broker nothing else can be.
//   node run-in-process.ts <program> [<tasks>]
import { pathToFileURL } from 'node:url'
import { type App, createWorker } from '@tq/core'

const [program = '', tasks] = process.argv.slice(2)
if (tasks) {
  const { app } = (await import(pathToFileURL(tasks).href)) as { app: App<undefined> }
  await createWorker(app, { modules: [tasks] }).start()
}
await import(pathToFileURL(program).href)
// The program has closed the app; its worker would go on looking for tasks.
process.exit(0)
