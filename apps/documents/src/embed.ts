import { words } from './words.ts'

/** Rises when the same text would get another vector: stored ones are then made anew. */
export const embeddingVersion = 1

export const dimensions = 1024

/** Words that meet by chance in one place seldom meet in another. */
const placesPerWord = 3

/** Words that say nothing of what a text is about. */
const stopWords = new Set(
  'a an and are as at be but by can do does for from has have how i if in into is it its may no not of on or so that the their them then there they this to was what when where which who why will with you your'.split(
    ' ',
  ),
)

/**
 * A vector for a text by feature hashing: each word adds to a few of a fixed number of places, chosen by its hash.
 * Texts that share words point in similar directions. No model to download, and the same text gives the same vector on
 * every machine; a real application would call an embedding service here and change nothing else.
 */
export function embed(text: string): Float32Array {
  const counts = new Map<string, number>()
  for (const word of words(text.normalize('NFKC').toLowerCase())) {
    if (stopWords.has(word)) continue
    const term = stem(word)
    counts.set(term, (counts.get(term) ?? 0) + 1)
  }
  const vector = new Float32Array(dimensions)
  for (const [term, count] of counts) {
    for (let number = 0; number < placesPerWord; number++) {
      const hash = hashOf(term, number)
      const place = hash % dimensions
      // The sign comes from another bit: two words that meet in one place cancel out as often as they add up.
      const sign = hash & 0x8000_0000 ? -1 : 1
      vector[place] = (vector[place] ?? 0) + sign * (1 + Math.log(count))
    }
  }
  return normalise(vector)
}

/** How alike two normalised vectors are: 1 the same, 0 unrelated. */
export function similarity(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let index = 0; index < a.length; index++) sum += (a[index] ?? 0) * (b[index] ?? 0)
  return sum
}

/** Enough English grammar for one word to find its plural. */
function stem(word: string): string {
  if (word.length > 4 && word.endsWith('ies')) return `${word.slice(0, -3)}y`
  if (word.length > 3 && /[^su]s$/.test(word)) return word.slice(0, -1)
  return word
}

/** FNV-1a, its bits stirred once more: alone it spreads short words badly over the low bits. */
function hashOf(text: string, seed: number): number {
  let hash = 0x811c_9dc5 ^ seed
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x0100_0193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

function normalise(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector)
  return length === 0 ? vector : vector.map((value) => value / length)
}
