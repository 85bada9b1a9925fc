/** Where a value is kept that is too large to travel: in the place of the value itself. */
export interface PayloadRef {
  /** The name of the store: `backend`, `s3`. */
  readonly store: string
  /** Ends in a checksum of its content. */
  readonly key: string
  readonly bytes: number
  /** What it is encoded with. Absent: JSON. */
  readonly codec?: string
}

/** Whether it is one, as a worker has to know before it asks a store for it. */
export function isPayloadRef(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { store, key, bytes, codec } = value as Readonly<Record<string, unknown>>
  return (
    typeof store === 'string' &&
    typeof key === 'string' &&
    /^[\x21-\x7e]{1,700}$/.test(key) &&
    Number.isSafeInteger(bytes) &&
    (bytes as number) > 0 &&
    (codec === undefined || typeof codec === 'string')
  )
}
