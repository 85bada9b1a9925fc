// Checked by the compiler alone: each line under `@ts-expect-error` must not compile, all others must.
import {
  chain,
  chord,
  createApp,
  type FailedStep,
  group,
  type Settled,
  type Signature,
  type,
  type WorkflowResult,
} from '@tq/core'

const app = createApp()
const parse = app.task({ name: 'parse', input: type<{ path: string }>(), run: ({ path }) => path.length })
const embed = app.task({
  name: 'embed',
  input: type<{ text: string; model: string }>(),
  run: ({ text }) => [text.length],
})
const read = app.task({ name: 'read', input: type<{ path: string }>(), run: ({ path }) => path })
const shout = app.task({ name: 'shout', input: type<string>(), run: (text) => text.toUpperCase() })
const total = app.task({ name: 'total', input: type<readonly number[]>(), run: (list) => list.length })
const tick = app.task({ name: 'tick', run: () => 1 })
const onFailed = app.task({ name: 'onFailed', input: type<FailedStep>(), run: () => {} })

const chained: Promise<WorkflowResult<string>> = chain(read.s({ path: 'a' }), shout.s(), shout.s()).delay()
const filled: Promise<WorkflowResult<number[]>> = chain(
  read.s({ path: 'a' }),
  embed.s({ model: 'small' }, { from: 'text' }),
).delay()
const grouped: Promise<WorkflowResult<[number, string]>> = group([
  parse.s({ path: 'a' }),
  read.s({ path: 'b' }),
]).delay()
const listed: Promise<WorkflowResult<number[]>> = group(['a', 'b'].map((path) => parse.s({ path }))).delay()
const joined: Promise<WorkflowResult<number>> = chord([parse.s({ path: 'a' }), tick.s()], total.s()).delay()
const mapped: Promise<WorkflowResult<number>> = chain(parse.map([{ path: 'a' }]), total.s()).delay()
const collected: Promise<WorkflowResult<Settled<number>[]>> = group(
  ['a'].map((path) => parse.s({ path })),
  { failures: 'collect' },
).delay()
const open: Signature<string, string> = chain(shout.s(), shout.s())
parse.s({ path: 'a' }).set({ priority: 9, queue: 'urgent' }).onError(onFailed.s(), tick.si())

// @ts-expect-error a number does not fit a text
chain(parse.s({ path: 'a' }), shout.s())
// @ts-expect-error nor does it further along
chain(read.s({ path: 'a' }), shout.s(), total.s())
// @ts-expect-error it has its whole input, and would ignore the value before without saying so
chain(read.s({ path: 'a' }), parse.s({ path: 'b' }))
chain(read.s({ path: 'a' }), parse.si({ path: 'b' }))
// @ts-expect-error no such field
embed.s({ model: 'small', text: 'a' }, { from: 'texts' })
// @ts-expect-error the rest of the input is missing
embed.s({}, { from: 'text' })
// @ts-expect-error the value before does not fit the field
chain(parse.s({ path: 'a' }), embed.s({ model: 'small' }, { from: 'text' }))
// @ts-expect-error the first step lacks its input
shout.s().delay()
// @ts-expect-error so does the first step of a chain
chain(shout.s(), shout.s()).delay()
// @ts-expect-error the body takes numbers
chord([read.s({ path: 'a' })], total.s())
// @ts-expect-error a group's children are given their input
group([shout.s(), parse.s({ path: 'a' })]).delay()
// @ts-expect-error an unknown option
parse.s({ path: 'a' }).set({ uniqueKey: 'a' })
// @ts-expect-error an error callback takes what failed
parse.s({ path: 'a' }).onError(shout.s())

export const used = [chained, filled, grouped, listed, joined, mapped, collected, open]
