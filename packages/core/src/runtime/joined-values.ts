import type { StateStore } from '../contracts/backend.ts'
import type { JoinedValues, KeptFlowValue } from '../task/flow.ts'
import type { Payloads } from './payloads.ts'

const pageSize = 1_000

/** The values of a join in the order of its children; those of a join within it as a list of their own. */
export async function readJoined(
  state: StateStore,
  payloads: Payloads,
  { join, failures }: JoinedValues,
): Promise<readonly unknown[]> {
  const values: unknown[] = []
  for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
    const page = await state.joined(join, { limit: pageSize, ...(cursor === undefined ? {} : { cursor }) })
    for (const { value } of page.members)
      values.push(await settle(state, payloads, parseFlowValue(value), failures))
    cursor = page.next
  }
  return values
}

export const parseFlowValue = (text: string): KeptFlowValue => JSON.parse(text) as KeptFlowValue

/** One child's value, as the group's policy has it. @throws TqError `PAYLOAD_MISSING` where it was kept elsewhere and is gone */
export async function settle(
  state: StateStore,
  payloads: Payloads,
  value: KeptFlowValue,
  failures: JoinedValues['failures'],
): Promise<unknown> {
  if ('at' in value) {
    const kept = (await payloads.loadOne(value.at)) as KeptFlowValue
    return await settle(state, payloads, kept, failures)
  }
  if ('error' in value)
    return failures === 'collect' ? { status: 'rejected', reason: value.error } : undefined
  const own = 'join' in value ? await readJoined(state, payloads, value) : value.value
  return failures === 'collect' ? { status: 'fulfilled', value: own } : own
}
