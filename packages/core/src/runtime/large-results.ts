import type { Millis } from '../contracts/time.ts'
import type { PayloadRef } from '../task/payload-ref.ts'
import { ownerOf, type Payloads } from './payloads.ts'
import type { RecordDetail } from './record-detail.ts'

/** Longer than its record: whoever reads that at the last moment still finds it. */
const marginMs: Millis = 86_400_000

/**
 * Keeps a result that is too large for a record. Not under the key of an input that says the same: that goes when the task
 * has ended, this when its record has.
 *
 * @param ttlMs Of the record.
 * @throws TqError `PAYLOAD_TOO_LARGE`, `PAYLOAD_STORE_UNREACHABLE`, `PAYLOAD_STORE_REFUSED`
 */
export async function keepResult(
  payloads: Payloads,
  id: string,
  generation: number,
  value: unknown,
  ttlMs: Millis,
): Promise<PayloadRef> {
  const aside = payloads.aside(
    `${ownerOf(id, generation)}/result`,
    value,
    ttlMs + marginMs,
    `result of task ${id}`,
  )
  await payloads.keep([aside])
  return aside.ref
}

/** The part of a record's detail that is its result. */
export async function resultDetail(
  payloads: Payloads,
  id: string,
  generation: number,
  value: unknown,
  ttlMs: Millis,
): Promise<Pick<RecordDetail, 'result' | 'resultAt'>> {
  if (!payloads.on || JSON.stringify(value ?? null).length <= payloads.aboveBytes) return { result: value }
  return { resultAt: await keepResult(payloads, id, generation, value, ttlMs) }
}

/** The result, wherever it is kept; an error in its place where it is gone. @throws TqError where that cannot be told */
export async function resultOf(
  payloads: Payloads,
  { result, resultAt }: Pick<RecordDetail, 'result' | 'resultAt'>,
): Promise<unknown> {
  return resultAt ? (await payloads.load([resultAt]))[0] : result
}
