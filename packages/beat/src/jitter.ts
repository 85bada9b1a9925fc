import { createHash } from 'node:crypto'

/** A part of the time, always the same for the same tick: whoever sends it again sends it for the same moment. */
export function jitterOf(id: string, jitterMs: number): number {
  if (jitterMs === 0) return 0
  const share = createHash('sha256').update(id).digest().readUInt32BE(0) / 2 ** 32
  return Math.floor(share * jitterMs)
}
