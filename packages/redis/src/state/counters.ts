import type { Connection } from '../connection.ts'
import { script } from '../script.ts'

/**
 * KEYS the numbers
 * ARGV time to live, then fields and values
 */
const add = script(
  'state-count',
  `for i = 2, #ARGV, 2 do redis.call('HINCRBYFLOAT', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
`,
)

export async function addCounts(
  connection: Connection,
  key: string,
  fields: Readonly<Record<string, number>>,
  ttlMs: number,
): Promise<void> {
  const pairs = Object.entries(fields).flat()
  await connection.run(add, [nameOf(connection, key)], [Math.max(1, ttlMs), ...pairs])
}

/** One object of sums per key, in order. */
export async function readCounts(
  connection: Connection,
  keys: readonly string[],
): Promise<readonly Readonly<Record<string, number>>[]> {
  const { client } = connection
  const found = await Promise.all(keys.map((key) => client.hgetall(nameOf(connection, key))))
  return found.map((sums) =>
    Object.fromEntries(Object.entries(sums).map(([field, value]) => [field, Number(value)])),
  )
}

function nameOf(connection: Connection, key: string): string {
  return connection.keys.state('c', key, '')[0] as string
}
