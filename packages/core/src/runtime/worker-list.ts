import type { Backend } from '../contracts/backend.ts'

/** What a worker tells of itself every two seconds. */
export interface WorkerInfo {
  readonly id: string
  readonly name: string
  readonly host: string
  readonly pid: number
  readonly queues: readonly string[]
  readonly tasks: readonly string[]
  readonly concurrency: number
  readonly state: 'running' | 'paused' | 'stopping'
  /** When it started, and when it wrote this; milliseconds since 1970 by its clock. */
  readonly startedAt: number
  readonly updatedAt: number
  readonly active: readonly { readonly id: string; readonly name: string; readonly startedAt: number }[]
  /** Tasks leased and waiting for a slot. */
  readonly reserved: number
  readonly succeeded: number
  readonly failed: number
  readonly retried: number
}

export const workersCollection = 'workers'

/** The workers that live now. */
export async function listWorkers(backend: Backend): Promise<readonly WorkerInfo[]> {
  const workers: WorkerInfo[] = []
  let cursor: string | undefined
  do {
    const page = await backend.state.page(workersCollection, {
      limit: 100,
      ...(cursor === undefined ? {} : { cursor }),
    })
    for (const { value } of page.members) workers.push(JSON.parse(value) as WorkerInfo)
    cursor = page.next
  } while (cursor !== undefined)
  return workers
}
