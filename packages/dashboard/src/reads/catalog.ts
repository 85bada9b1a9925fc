import { NotFound } from '../http/problem.ts'
import { activity } from './activity.ts'
import { bulk, bulkJob } from './bulk.ts'
import { dead } from './dead.ts'
import { form } from './form.ts'
import { audit, overview } from './overview.ts'
import { rateLimits } from './rate-limits.ts'
import type { Read } from './read.ts'
import { schedules } from './schedules.ts'
import { census, task, tasks } from './tasks.ts'
import { workflow, workflows } from './workflows.ts'

/** Everything that can be asked for, by its path below `api/`. */
export const reads: Readonly<Record<string, Read>> = {
  overview,
  activity,
  tasks,
  census,
  task,
  form,
  dead,
  schedules,
  workflows,
  workflow,
  audit,
  'rate-limits': rateLimits,
  bulk,
  'bulk-job': bulkJob,
}

/** A read and its query, of `tasks?state=FAILURE`. @throws NotFound */
export function findRead(path: string): { readonly read: Read; readonly query: URLSearchParams } {
  const [name = '', search = ''] = path.split('?', 2)
  const read = Object.hasOwn(reads, name) ? reads[name] : undefined
  if (!read) throw new NotFound(`There is nothing at '${name.slice(0, 60)}'.`)
  return { read, query: new URLSearchParams(search) }
}
