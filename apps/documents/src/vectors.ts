import { dimensions } from './embed.ts'

// Vectors as a database keeps them.

export function toBytes(vector: Float32Array): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength)
}

/** A copy, for the bytes need not begin where a float may. */
export function toVector(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.slice().buffer, 0, dimensions)
}
