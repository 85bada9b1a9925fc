import type { DeadLetters } from '@tq/core'
import { queueNames, wholeNumber } from '../flags/convert.ts'
import type { deadActionFlags } from '../flags/dead-flags.ts'
import type { Values } from '../flags/flag.ts'
import { print } from '../output/print.ts'
import { withApp } from './open-app.ts'

interface Choice {
  readonly ids?: readonly string[]
  readonly limit?: number
}

/** Does the same to the dead letters of each queue, and says how many there were. */
export async function actOnDead(
  values: Values<typeof deadActionFlags>,
  done: string,
  act: (letters: DeadLetters, queue: string, choice: Choice) => Promise<number>,
): Promise<void> {
  const limit = wholeNumber(values.limit, 'limit')
  const choice: Choice = {
    ...(values.id.length > 0 ? { ids: values.id } : {}),
    ...(limit === undefined ? {} : { limit }),
  }
  await withApp(values, async (app) => {
    const counts: Record<string, number> = {}
    for (const queue of queueNames(values.queues)) counts[queue] = await act(app.deadLetters, queue, choice)
    const lines = () => Object.entries(counts).map(([queue, count]) => `${queue}: ${count} ${done}`)
    print(values.json, { [done]: counts }, () => lines().join('\n'))
  })
}
