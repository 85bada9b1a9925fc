import type { PayloadStore } from '../contracts/payload-store.ts'
import { TqError } from '../errors/tq-error.ts'
import { checkKnown } from '../options/known.ts'
import { parseSize, type Size } from '../options/size.ts'

/** Payloads too large for a message or a record, kept outside them. */
export interface PayloadOptions {
  /**
   * Where: in the backend's state, or in a bucket (`@tq/s3`), which `TQ_PAYLOAD_URL` or the URL itself names; or a store
   * already made.
   */
  readonly offload: 'backend' | 's3' | `s3://${string}` | PayloadStore
  /** A message or result above so many bytes is kept there; above what the broker takes, in any case. @default '64kb' */
  readonly above?: Size
  /** The largest input or result that is taken at all. @default '64mb' */
  readonly max?: Size
}

/** The same with every default filled in. */
export interface ResolvedPayload {
  readonly offload: PayloadOptions['offload']
  readonly aboveBytes: number
  readonly maxBytes: number
}

const names = new Set<string>(['offload', 'above', 'max'] satisfies (keyof PayloadOptions)[])

/** Undefined: all travels in messages. @throws TqError `INVALID_OPTION` */
export function resolvePayload(given: PayloadOptions | undefined): ResolvedPayload | undefined {
  if (given === undefined) return undefined
  checkKnown(given, names, 'createApp({ payload })')
  const { offload, above = '64kb', max = '64mb' } = given
  const isUrl = typeof offload === 'string' && offload.startsWith('s3://')
  if (offload !== 'backend' && offload !== 's3' && !isUrl && typeof offload !== 'object') {
    throw new TqError(
      'INVALID_OPTION',
      `payload.offload '${String(offload)}' is none of 'backend', 's3', 's3://bucket/prefix'.`,
    )
  }
  const aboveBytes = parseSize(above, 'payload.above')
  const maxBytes = parseSize(max, 'payload.max')
  if (aboveBytes < 4_096)
    throw new TqError(
      'INVALID_OPTION',
      `payload.above ${aboveBytes} is less than 4096 bytes: a message needs them.`,
    )
  return Object.freeze({ offload, aboveBytes, maxBytes })
}
