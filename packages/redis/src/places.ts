/*
 * Records lie in hashes, many in one: a key of its own would cost each more than the record itself. Ids of our making
 * (UUID version 7) that were made in the same quarter of a second by the same process share a bucket; any other id has
 * one of its own. Both are told by the id alone.
 */

/** Where the record of a task lies: the name of its bucket, and its field in that. */
export interface Place {
  readonly bucket: string
  readonly field: string
}

const madeByTime = /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-$/
const start = 19

let lastStart = ''
let lastBucket = ''

/** Whether the id shares its bucket with others. */
export function isShared(id: string): boolean {
  if (id.length !== 36) return false
  if (id.startsWith(lastStart) && lastStart !== '') return true
  const found = id.slice(0, start)
  if (!madeByTime.test(found)) return false
  lastStart = found
  // 40 of the 48 bits of the time, and the digits after the version, which core keeps for a while.
  lastBucket = found.slice(0, 11) + found.slice(14, 18)
  return true
}

export function bucketOf(id: string): string {
  return isShared(id) ? lastBucket : escaped(id)
}

export function fieldOf(id: string): string {
  return isShared(id) ? id.slice(11) : ''
}

export function placeOf(id: string): Place {
  return { bucket: bucketOf(id), field: fieldOf(id) }
}

const sharedName = /^([\da-f]{8})-([\da-f]{2})7([\da-f]{3})$/

/**
 * When the ids of a shared bucket were made, in milliseconds since 1970, with a fraction that tells buckets of the same
 * moment apart; undefined where ids do not tell.
 */
export function timeOfBucket(name: string): number | undefined {
  const [, high, low, digits] = sharedName.exec(name) ?? []
  if (high === undefined || low === undefined || digits === undefined) return undefined
  return Number.parseInt(high + low, 16) * 256 + Number.parseInt(digits, 16) / 16
}

/** The id of a record by where it lies. */
export function idAt({ bucket, field }: Place): string {
  return field === '' ? unescaped(bucket) : bucket.slice(0, 11) + field
}

/** Whether a bucket may hold an id that begins so. */
export function mayHold(bucket: string, idPrefix: string): boolean {
  const start = idPrefix.slice(0, 11)
  return (sharedName.test(bucket) && bucket.startsWith(start)) || unescaped(bucket).startsWith(idPrefix)
}

function unescaped(name: string): string {
  return name.replace(/%([\da-f]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
}

/** Without the characters that separate the parts of a key. */
export function escaped(part: string): string {
  return part.replace(/[%:{}]/g, (mark) => `%${mark.charCodeAt(0).toString(16)}`)
}
