// Checked by the compiler alone: each line under `@ts-expect-error` must not compile, all others must.
import { type App, type AsyncResult, createApp, defineTask, type Schema, type Task, type } from '@tq/core'

const app: App<{ database: string }> = createApp({ startup: () => ({ database: 'open' }) })

const add = app.task({
  name: 'add',
  input: type<{ x: number; y: number }>(),
  run: ({ x, y }) => x + y,
})
const typed: Task<{ x: number; y: number }, number> = add
const sum: Promise<AsyncResult<number>> = add.delay({ x: 1, y: 2 })
const here: Promise<number> = add({ x: 1, y: 2 })
const known: AsyncResult<number> = app.result<typeof add>('id')
// @ts-expect-error a missing field
add.delay({ x: 1 })
// @ts-expect-error a wrong type
add.delay({ x: 1, y: '2' })
// @ts-expect-error an unknown option
add.applyAsync({ x: 1, y: 2 }, { countDown: 5 })
// @ts-expect-error not a duration
add.applyAsync({ x: 1, y: 2 }, { countdown: '5 parsecs' })
// @ts-expect-error not a priority
add.applyAsync({ x: 1, y: 2 }, { priority: 10 })
// @ts-expect-error the input is required
add.delay()

const tick = app.task({ name: 'tick', run: (_input, { state }) => state.database.length })
const ticked: Promise<AsyncResult<number>> = tick.delay()
tick.applyAsync(undefined, { countdown: '5m' })
// @ts-expect-error takes no input
tick.delay({ x: 1 })

// The order of the properties does not matter, and hooks before `run` see the same types.
app.task({
  run: ({ path }, ctx) => ctx.signal.aborted || path.length,
  retry: { maxRetries: 1 },
  input: type<{ path: string }>(),
  name: 'order',
})

// Defaults: optional for the sender, present for the handler.
declare const withDefault: Schema<{ n?: number }, { n: number }>
const count = app.task({ name: 'count', input: withDefault, run: ({ n }) => n.toFixed() })
count.delay({})

// @ts-expect-error the context has no such state
app.task({ name: 'state', run: (_, { state }) => state.nothing })
// @ts-expect-error a Date is not plain data
app.task({ name: 'date', run: () => ({ at: new Date() }) })
// @ts-expect-error neither is a Map
app.task({ name: 'map', run: async () => new Map<string, number>() })
// @ts-expect-error nor a bigint, however deep
app.task({ name: 'bigint', run: () => ({ list: [{ n: 1n }] }) })
interface Tree {
  readonly name: string
  readonly children: readonly Tree[]
}
app.task({ name: 'tree', run: (): Tree => ({ name: 'root', children: [] }) })
app.task({ name: 'nothing', run: () => {} })
// @ts-expect-error an unknown setting
app.task({ name: 'unknown', timeLimits: '5m', run: () => 1 })

const resize = defineTask({
  name: 'resize',
  input: type<{ url: string }>(),
  output: type<{ key: string }>(),
  queue: 'images',
})
app.implement(resize, async ({ url }) => ({ key: url }))
// @ts-expect-error the output does not fit the contract
app.implement(resize, async ({ url }) => ({ keys: url }))
const sent: Promise<AsyncResult<{ key: string }>> = app.send(resize, { url: 'a' })
// @ts-expect-error the input does not fit the contract
app.send(resize, { uri: 'a' })

export const used = [typed, sum, here, known, ticked, sent]
