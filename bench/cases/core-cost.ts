import { memory } from '@tq/core/testing'
import type { Sample } from '../report.ts'
import { measure, type Payload, payload, sendAndDrain } from './drain.ts'

/** What core itself adds to a task: the memory broker, everything on. Beside it a loop that only parses the same messages. */
export async function coreCost(tasks: number): Promise<readonly Sample[]> {
  return [parseOnly(tasks), ...(await sendAndDrain('core on memory', 'memory:', memory(), tasks, 100))]
}

function parseOnly(tasks: number): Sample {
  const envelope = {
    v: 1,
    id: '0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee',
    task: 'noop',
    attempt: 0,
    generation: 0,
    sentAt: 1,
  }
  const bodies = Array.from({ length: tasks }, (_, n) =>
    Buffer.from(JSON.stringify({ ...envelope, input: payload(n) })),
  )
  let sum = 0
  const parsing = measure()
  for (const body of bodies) sum += (JSON.parse(body.toString()) as { input: Payload }).input.user
  return { name: 'parse only', tasks, ...parsing(), check: sum }
}
