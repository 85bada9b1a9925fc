import { countWords } from './words.ts'

const sentences = new Intl.Segmenter(undefined, { granularity: 'sentence' })

/** Long enough to be about something, short enough to be shown as a hit. */
const passageWords = 80

/** Cuts a text into passages of whole sentences. They, not whole documents, are what a search compares. */
export function splitPassages(text: string): string[] {
  const passages: string[] = []
  let passage = ''
  let size = 0
  for (const paragraph of text.split(/\n\s*\n/)) {
    for (const { segment } of sentences.segment(paragraph.replace(/\s+/g, ' ').trim())) {
      passage += passage === '' || passage.endsWith(' ') ? segment : ` ${segment}`
      size += countWords(segment)
      if (size < passageWords) continue
      passages.push(passage.trim())
      passage = ''
      size = 0
    }
  }
  if (size > 0) passages.push(passage.trim())
  return passages
}
