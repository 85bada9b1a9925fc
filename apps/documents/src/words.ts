const segmenter = new Intl.Segmenter(undefined, { granularity: 'word' })

/** The words of a text in any language, also those that write no spaces. */
export function* words(text: string): Generator<string> {
  for (const { segment, isWordLike } of segmenter.segment(text)) if (isWordLike) yield segment
}

export function countWords(text: string): number {
  let count = 0
  for (const _ of words(text)) count++
  return count
}
