import type { Connection } from './connection.ts'
import { script } from './script.ts'
import { luaMicros } from './state/lua.ts'

/** KEYS decides which node of a Cluster is asked: always the same one. */
const time = script('state-time', `${luaMicros}return string.format('%.3f', now)\n`)

/** Milliseconds since 1970 by the server's clock. */
export async function readTime(connection: Connection): Promise<number> {
  return Number(String(await connection.run(time, connection.keys.state('v', 'time', '').slice(0, 1), [])))
}
