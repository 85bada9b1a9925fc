import type { Client } from './client.ts'

/**
 * What of the server's settings may lose tasks, for people. Empty when nothing does, or when it may not be asked.
 */
export async function serverWarnings(client: Client): Promise<readonly string[]> {
  const warnings: string[] = []
  try {
    const policy = /maxmemory_policy:(\S+)/.exec(await client.info('memory'))?.[1]
    if (policy !== undefined && policy !== 'noeviction') {
      warnings.push(
        `maxmemory-policy is '${policy}': when memory is full Redis drops queued tasks. Set it to noeviction`,
      )
    }
    const appends = /aof_enabled:(\d)/.exec(await client.info('persistence'))?.[1]
    if (appends === '0') warnings.push(await withoutLog(client))
  } catch {
    // A user that may not ask: nothing is known.
  }
  return warnings
}

async function withoutLog(client: Client): Promise<string> {
  const snapshots = await client.call('config', 'get', 'save').then(
    (answer) => (answer as readonly string[])[1],
    () => undefined,
  )
  if (snapshots === '')
    return 'nothing is written to disk: queued tasks are gone when Redis restarts. Set appendonly yes'
  return 'there is no append-only file: tasks queued since the last snapshot are gone when Redis restarts. Set appendonly yes'
}
