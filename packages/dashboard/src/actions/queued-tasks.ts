import type { Duration, Priority } from '@tq/core'
import { BadRequest } from '../http/problem.ts'
import { type Action, type Body, numberOf, optionalText, textOf } from './action.ts'

/** A task that waits for its time, or to be retried, may run at once. */
export const promoteTask: Action = {
  role: 'operate',
  async run({ app, visitor }, body) {
    await app.control.promote(textOf(body, 'id'), { by: visitor.name })
    return {}
  },
}

/** A task that waits runs after a `countdown` such as `10m`, or at an `eta`. */
export const rescheduleTask: Action = {
  role: 'operate',
  async run({ app, visitor }, body) {
    await app.control.reschedule(textOf(body, 'id'), momentOf(body), { by: visitor.name })
    return {}
  },
}

/** A task that waits goes before others, or behind them. */
export const setPriority: Action = {
  role: 'operate',
  async run({ app, visitor }, body) {
    const level = numberOf(body, 'priority') as Priority
    await app.control.setPriority(textOf(body, 'id'), level, { by: visitor.name })
    return {}
  },
}

/** @throws BadRequest */
function momentOf(body: Body): { readonly countdown: Duration } | { readonly eta: Date } {
  const countdown = optionalText(body, 'countdown')
  const eta = optionalText(body, 'eta')
  if ((countdown === undefined) === (eta === undefined))
    throw new BadRequest('Either countdown or eta has to be given.')
  // Core checks both, but for what is no date at all.
  if (countdown !== undefined) return { countdown: countdown as Duration }
  const at = new Date(eta ?? '')
  if (Number.isNaN(at.getTime())) throw new BadRequest('eta has to be a time, such as 2026-11-26T18:30:00Z.')
  return { eta: at }
}
