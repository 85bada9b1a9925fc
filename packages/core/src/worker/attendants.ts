import type { Connection, Runtime } from '../runtime/runtime.ts'
import { DelayAttendant } from './delay-attendant.ts'
import { HistoryUpkeep } from './history-upkeep.ts'
import { LimitUpkeep } from './limits/limit-upkeep.ts'

/** What runs beside the tasks of a worker, and is stopped after the last of them. */
export interface Attendant {
  /** What it attends to, for the log. */
  readonly name: string
  start(): void
  stop(): Promise<void>
}

/** What there is to attend to on this pair of services, for these tasks. */
export function attendantsOf(runtime: Runtime, connection: Connection, worker: string): readonly Attendant[] {
  const { backend, parked, lines, publisher } = connection
  const attendants: Attendant[] = []
  if (backend) attendants.push(new HistoryUpkeep(runtime, connection, backend))
  if (parked) attendants.push(new DelayAttendant(runtime, parked, publisher))
  const hasPlaces = runtime.registry.all().some(({ policy }) => policy.concurrency)
  if (hasPlaces && backend && lines) attendants.push(new LimitUpkeep(runtime, backend, lines, worker))
  return attendants
}
