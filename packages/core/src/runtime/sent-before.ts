import { isTerminal, type TaskRecord } from '../contracts/record.ts'
import { type RecordDetail, readDetail } from './record-detail.ts'
import type { Connection, Runtime } from './runtime.ts'

/*
 * An id of the sender's own may be sent again: after a crash, by another replica. Where broker and backend are one store,
 * the broker takes a task once. Where they are two it cannot know, so the record says whether the broker has it.
 */

/** Whether what was sent under this id has reached the broker, as far as its record tells. */
export async function sentBefore({ backend }: Connection, id: string): Promise<boolean> {
  const [record] = (await backend?.results.get([id])) ?? []
  return record !== undefined && (isTerminal(record.state) || readDetail(record).accepted === 1)
}

/** Says that the broker has it. Refused, and not needed, when a run has begun to write. */
export async function noteSent(
  { logger }: Runtime,
  { backend }: Connection,
  record: TaskRecord,
): Promise<void> {
  const detail: RecordDetail = { ...readDetail(record), accepted: 1 }
  try {
    await backend?.results.put([{ ...record, detail: JSON.stringify(detail) }])
  } catch (error) {
    // It is queued all the same; only, the same id again may bring a second message.
    logger.warn('a task could not be noted as sent', { id: record.id, error: String(error) })
  }
}
