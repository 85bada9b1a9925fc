import type { StateStore } from '../contracts/backend.ts'
import type { FlowValue, JoinedValues } from '../task/flow.ts'

const pageSize = 1_000

/** The values of a join in the order of its children; those of a join within it as a list of their own. */
export async function readJoined(
  state: StateStore,
  { join, failures }: JoinedValues,
): Promise<readonly unknown[]> {
  const values: unknown[] = []
  for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
    const page = await state.joined(join, { limit: pageSize, ...(cursor === undefined ? {} : { cursor }) })
    for (const { value } of page.members) values.push(await settle(state, parseFlowValue(value), failures))
    cursor = page.next
  }
  return values
}

export const parseFlowValue = (text: string): FlowValue => JSON.parse(text) as FlowValue

/** One child's value, as the group's policy has it. */
export async function settle(
  state: StateStore,
  value: FlowValue,
  failures: JoinedValues['failures'],
): Promise<unknown> {
  if ('error' in value)
    return failures === 'collect' ? { status: 'rejected', reason: value.error } : undefined
  const own = 'join' in value ? await readJoined(state, value) : value.value
  return failures === 'collect' ? { status: 'fulfilled', value: own } : own
}
